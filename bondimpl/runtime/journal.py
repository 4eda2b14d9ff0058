"""What must be given back is on disk before it is changed: the next start can make good a `kill -9`."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

from bondimpl.errors import MachineError
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


class Journal:
    """A file that holds the originals of all present slaves; it is there only while there are some."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[int, Original] = {}

    def read(self) -> list[Original]:
        """What an earlier daemon left to be given back.

        A file of another network namespace or boot (nothing of it exists any more) or one that cannot be
        understood gives nothing.
        """
        try:
            data = json.loads(self._path.read_text())
            if data["world"] != _world():
                return []
            return [_entry(item) for item in data["slaves"]]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError):
            return []

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

    def _write(self) -> None:
        try:
            self._replace()
        except OSError as error:
            number = errno.errorcode.get(error.errno or 0, "EIO")
            raise MachineError(f"journal {self._path}: {error.strerror}", number) from error

    def _replace(self) -> None:
        if not self._entries:
            self._path.unlink(missing_ok=True)
            return
        data = {"world": _world(), "slaves": [dataclasses.asdict(entry) for entry in self._entries.values()]}
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps(data, indent=1) + "\n")
        os.replace(new, self._path)


def _entry(item: dict[str, object]) -> Original:
    shield = item.pop("shield")
    built = Built(**shield) if isinstance(shield, dict) else None
    return Original(**item, shield=built)  # type: ignore[arg-type]


def _world() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} net:{links.namespace()}"
