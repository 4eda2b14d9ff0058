"""What must be given back is on disk before it is changed: the next start can make good a `kill -9`."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bondimpl.errors import BondError, MachineError
from bondimpl.frames.ethernet import parse_mac
from bondimpl.runtime import links
from bondimpl.runtime.shield import Built


@dataclass(frozen=True, slots=True)
class Original:
    """An interface as it was. `ipv6_off` is None where there is no IPv6; `shield` is what was put up."""

    index: int
    name: str
    mac: str
    mtu: int
    up: bool
    ipv6_off: bool | None
    shield: Built | None = None
    given_mac: str | None = None
    """The address that we gave it, where that is not its own."""


class Journal:
    """A file that holds the originals of all present slaves; it is there only while there are some.

    Each network namespace has its own: what was taken in one can be given back only there.
    """

    def __init__(self, beside: Path) -> None:
        """`beside`: the control socket."""
        self._path = beside.with_name(f"{beside.name}.{links.namespace()}.journal")
        self._entries: dict[int, Original] = {}

    def load(self, say: Callable[[str], None]) -> list[Original]:
        """What an earlier daemon left to be given back; each remains in the file until it is forgotten.

        A file of another boot gives nothing: nothing of it exists any more. One that cannot be understood is
        told of and moved aside. Raises MachineError.
        """
        try:
            data = json.loads(self._path.read_text())
            entries = [_entry(item) for item in data["slaves"]] if data["world"] == _world() else []
        except FileNotFoundError:
            return []
        except (OSError, BondError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._move_aside(say, error)
            return []
        self._entries = {entry.index: entry for entry in entries}
        return entries

    def note(self, original: Original) -> None:
        """Write it down; replaces what was known of that interface. Raises MachineError."""
        self._entries[original.index] = original
        self._write()

    def forget(self, index: int) -> None:
        """It has been given back (or is gone)."""
        if self._entries.pop(index, None) is not None:
            self._write()

    def get(self, index: int) -> Original | None:
        """What was noted of an interface."""
        return self._entries.get(index)

    def _move_aside(self, say: Callable[[str], None], reason: Exception) -> None:
        aside = self._path.with_name(self._path.name + ".unreadable")
        try:
            os.replace(self._path, aside)
        except OSError as error:
            raise self._failure(error) from error
        say(f"journal {self._path} cannot be read ({reason!r}): slaves of a killed bondd are not restored")
        say(f"it is now {aside}")

    def _write(self) -> None:
        try:
            self._replace()
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> MachineError:
        number = errno.errorcode.get(error.errno or 0, "EIO")
        return MachineError(f"journal {self._path}: {error.strerror}", number)

    def _replace(self) -> None:
        if not self._entries:
            self._path.unlink(missing_ok=True)
            return
        data = {"world": _world(), "slaves": [dataclasses.asdict(entry) for entry in self._entries.values()]}
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps(data, indent=1) + "\n")
        os.replace(new, self._path)


def _entry(item: dict[str, Any]) -> Original:
    """Raises BondError, TypeError or AttributeError: what is written here is done to an interface."""
    shield = item.pop("shield")
    entry = Original(**item, shield=None if shield is None else Built(**shield))
    for mac in (entry.mac, entry.given_mac or entry.mac):
        parse_mac(mac)
    for value, wanted in (
        (entry.index, int),
        (entry.name, str),
        (entry.mtu, int),
        (entry.up, bool),
        (entry.ipv6_off, bool | None),
        (entry.given_mac, str | None),
    ):
        if not isinstance(value, wanted):
            raise TypeError(f"{value!r} in the entry of {entry.name!r}")
    return entry


def _world() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} net:{links.namespace()}"
