"""The IPv4 groups that the host has joined, as the kernel lists them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from bondimpl.errors import MachineError
from bondimpl.frames.igmp import ALL_HOSTS


def joined() -> dict[int, tuple[int, list[IPv4Address]]]:
    """By interface index: the version of IGMP spoken there, and the groups but that of all hosts.

    Raises MachineError.
    """
    try:
        text = Path("/proc/thread-self/net/igmp").read_text()
    except OSError as error:
        raise MachineError(f"cannot read which groups are joined: {error.strerror}", "EIO") from error
    return parse(text)


def parse(text: str) -> dict[int, tuple[int, list[IPv4Address]]]:
    """The same, of the text of /proc/net/igmp."""
    found: dict[int, tuple[int, list[IPv4Address]]] = {}
    groups: list[IPv4Address] = []
    for fields in _lines(text):
        if device := re.fullmatch(r"(\d+)\t.*V([123])", fields):
            groups = []
            found[int(device[1])] = int(device[2]), groups
        elif group := re.match(r"\t+([0-9A-F]{8})\s", fields):
            address = IPv4Address(int(group[1], 16).to_bytes(4, sys.byteorder))
            if address != ALL_HOSTS:
                groups.append(address)
    return found


def _lines(text: str) -> Iterator[str]:
    return (line.rstrip() for line in text.splitlines())
