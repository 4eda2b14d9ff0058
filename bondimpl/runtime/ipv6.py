"""IPv6 settings of interfaces.

A slave speaks no IPv6 of its own (link-local address, duplicate detection, router solicitations).
"""

from __future__ import annotations

import errno
from pathlib import Path

from bondimpl.errors import MachineError


def is_off(name: str) -> bool | None:
    """Whether IPv6 is off on an interface; None where the kernel has none or the interface is gone."""
    try:
        return _switch(name).read_text() != "0\n"
    except FileNotFoundError:
        return None


def forwards(name: str) -> bool:
    """Whether the host is a router on an interface; it is none where there is no IPv6."""
    try:
        return Path("/proc/sys/net/ipv6/conf", name, "forwarding").read_text() != "0\n"
    except OSError:
        return False


def mld_version(name: str) -> int:
    """The version of MLD (1 or 2) that the user wants on an interface; a querier's is not to be seen."""
    try:
        forced = Path("/proc/sys/net/ipv6/conf", name, "force_mld_version").read_text()
    except OSError:
        return 2
    return 1 if forced == "1\n" else 2


def set_off(name: str, off: bool) -> None:
    """Switch IPv6 off or on; nothing happens where there is none. Raises MachineError."""
    try:
        _switch(name).write_text("1" if off else "0")
    except FileNotFoundError:
        return
    except OSError as error:
        number = errno.errorcode.get(error.errno or 0, "EIO")
        raise MachineError(f"{name}: cannot set disable_ipv6: {error.strerror}", number) from error


def _switch(name: str) -> Path:
    return Path("/proc/sys/net/ipv6/conf", name, "disable_ipv6")
