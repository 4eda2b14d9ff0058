"""BondConfig: what any dialect can say of bonds. Everything is checked and in its canonical spelling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface

Options = tuple[tuple[str, str], ...]
"""Names and canonical texts, in the order of the option table."""


class Start(StrEnum):
    """When a bond is brought up: at boot, when somebody asks for it, or never."""

    BOOT = "boot"
    MANUAL = "manual"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Member:
    """A slave: by its name, or, where `name` is empty, by its hardware address aa:bb:cc:dd:ee:ff."""

    name: str = ""
    mac: str = ""

    def __str__(self) -> str:
        return self.name or self.mac


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its prefix. `broadcast` only where it is not the network's last address."""

    ip: IPv4Interface | IPv6Interface
    broadcast: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class VlanEntry:
    """A VLAN device over a bond."""

    id: int
    name: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class BondEntry:
    """One bond. Slaves come in the order in which they are to be enslaved, VLANs in that of their ids."""

    name: str
    options: Options = ()
    slaves: tuple[Member, ...] = ()
    addresses: tuple[Address, ...] = ()
    mac: str | None = None
    mtu: int | None = None
    start: Start = Start.BOOT
    vlans: tuple[VlanEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class BondConfig:
    """The bonds of a host, in the order of making.

    `before` and `after`: modules of NICs that are loaded before bonding is, and after. `drivers`: (interface,
    module), the module to load when a slave of that name is not there (HOWTO 9.2).
    """

    bonds: tuple[BondEntry, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    drivers: tuple[tuple[str, str], ...] = ()
