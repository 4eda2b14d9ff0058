"""Which bondd is that of a network namespace."""

from __future__ import annotations

import os
from pathlib import Path

from bondimpl.errors import MachineError
from bondimpl.runtime.control import ControlClient, default_socket

_NAMES = Path("/run/netns")  # where `ip netns` keeps them


def socket_of(netns: str) -> str:
    """Where the bondd of a named network namespace listens: beside that of this one, which is ''."""
    socket = default_socket()
    return str(Path(socket).with_name(f"{Path(netns).name}.sock")) if netns else socket


def is_of(control: ControlClient, netns: str) -> bool:
    """Whether a bondd answers, and carries the bonds of this very namespace.

    A socket may be seen from several: one file system serves them all.
    """
    try:
        told = control.call("version")["netns"]
    except MachineError:
        return False
    try:
        return bool(told == os.stat(_NAMES / netns if netns else "/proc/self/ns/net").st_ino)
    except FileNotFoundError:
        return False
