"""Addresses at both ends of a bond, and frames between them."""

from __future__ import annotations

import re
import struct

HOST, PEER = "10.77.0.1", "10.77.0.2"
HOST6, PEER6 = "fd77::1", "fd77::2"
TEST_TYPE = b"\x88\xb5"  # IEEE: local experimental


def received(ping: str) -> tuple[int, int]:
    """How many answers, and how many of them twice."""
    numbers = re.search(r"(\d+) received,(?: \+(\d+) duplicates,)?", ping)
    assert numbers, ping
    return int(numbers[1]), int(numbers[2] or 0)


def made_frame(source: int, destination: int, *, vlan: int | None = None, marker: int = 0) -> bytes:
    """An untagged or tagged frame of no protocol, between stations by number."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    macs = bytes([2, 0, 0, 0, 1, destination, 2, 0, 0, 0, 2, source])
    return macs + tag + TEST_TYPE + struct.pack("!I", marker) + bytes(42)


def is_test(frame: bytes) -> bool:
    """Whether it is one of `made_frame`."""
    return TEST_TYPE in (frame[12:14], frame[16:18])
