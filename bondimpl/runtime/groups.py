"""The multicast groups that the host has joined, as the kernel lists them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from bondimpl.errors import MachineError
from bondimpl.frames.igmp import ALL_HOSTS

_NOT_REPORTED = 0x08
"""Flag of groups such as that of all nodes, of which every host is a member."""


def joined() -> dict[int, tuple[int, list[IPv4Address]]]:
    """By interface index: the version of IGMP spoken there, and the groups but that of all hosts.

    Raises MachineError.
    """
    return parse(_read("igmp"))


def joined_ipv6() -> dict[int, list[IPv6Address]]:
    """By interface index: the IPv6 groups but those of which no report is made. Raises MachineError.

    Nothing where there is no IPv6.
    """
    return parse_ipv6(_read("igmp6"))


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


def parse_ipv6(text: str) -> dict[int, list[IPv6Address]]:
    """The same, of the text of /proc/net/igmp6."""
    found: dict[int, list[IPv6Address]] = {}
    for line in text.splitlines():
        group = re.match(r"(\d+)\s+\S+\s+([0-9a-f]{32})\s+\d+\s+([0-9A-F]{8})\s", line)
        if group and not int(group[3], 16) & _NOT_REPORTED:
            found.setdefault(int(group[1]), []).append(IPv6Address(bytes.fromhex(group[2])))
    return found


def _read(name: str) -> str:
    try:
        return Path("/proc/thread-self/net", name).read_text()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise MachineError(f"cannot read which groups are joined: {error.strerror}", "EIO") from error


def _lines(text: str) -> Iterator[str]:
    return (line.rstrip() for line in text.splitlines())
