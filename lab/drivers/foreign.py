"""Drivers that are no bonding driver but do its work: what they have in common, and what none of them has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from lab.behaviours import MODES
from lab.drivers.base import BondHandle, Created, Era
from lab.errors import DriverLacks, DriverRefused
from lab.hosts.base import Host
from lab.procfile import MODES as PRETTY


class Uncounted(int):
    """In place of a count that a driver does not keep: to compare or reckon with it raises DriverLacks."""

    def _lacks(self, *_: object) -> NoReturn:
        raise DriverLacks("it does not count the failures of its slaves")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _lacks
    __hash__ = _lacks


class ForeignDriver:
    """The part of a BondDriver that is the same for all. They are held to the HOWTO's word.

    `created` is told the host and the options of each bond that is made.
    """

    name: str
    era: Era = "howto"

    def __init__(self, created: Created | None = None) -> None:
        self.bonds: list[BondHandle] = []
        self.version = ""
        self._created = created

    def made(self, bond: BondHandle, options: Mapping[str, str]) -> None:
        """The bond is there."""
        self.bonds.append(bond)
        if self._created:
            self._created(bond.host, options)


class ForeignBond:
    """The part of a BondHandle that is the same for all."""

    def __init__(self, name: str, host: Host, what: str) -> None:
        self.name, self.host, self.what = name, host, what

    def mac(self) -> str:
        """The bond's hardware address."""
        return self.host.mac(self.name)

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down, as a user would."""
        self.host.run(["ip", "link", "set", "dev", self.name, "up" if up else "down"])

    def proc_text(self) -> str:
        """Raises DriverLacks."""
        raise DriverLacks(f"{self.what} has no status file")

    def proc_file(self) -> str:
        """Raises DriverLacks."""
        raise DriverLacks(f"{self.what} has no status file")

    def options(self) -> Mapping[str, str]:
        """Raises DriverLacks."""
        raise DriverLacks(f"{self.what} does not show the bonding driver's options")

    def log(self) -> str:
        """Raises DriverLacks."""
        raise DriverLacks(f"{self.what} logs in words of its own")


def mode_of(what: str, options: Mapping[str, str], known: Mapping[str, object]) -> str:
    """The mode asked for as a word, by default balance-rr. Raises DriverLacks when it is not `known`,
    DriverRefused when nobody has it.
    """
    word = options.get("mode", MODES[0])
    if word.isdecimal() and int(word) < len(MODES):
        word = MODES[int(word)]
    if word not in MODES:
        raise DriverRefused(f"add a bond with mode={word}", f"no mode '{word}'; there are {', '.join(MODES)}")
    if word not in known:
        raise DriverLacks(f"{what} has no mode {word}")
    return word


def pretty(mode: str) -> str:
    """The mode in the words of the bonding driver's status file."""
    return next(words for words, name in PRETTY.items() if name == mode)


def word_of(what: str, option: str, value: str, known: Mapping[str, str]) -> str:
    """Its own word for the value of an option. Raises DriverLacks."""
    if value not in known:
        raise DriverLacks(f"{what} has no {option}={value}")
    return known[value]
