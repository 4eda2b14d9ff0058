"""Ethernet II and 802.1Q framing."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from bondimpl.errors import BondError

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_VLAN = 0x8100
ETHERTYPE_IPV6 = 0x86DD

BROADCAST = b"\xff" * 6
ZERO_MAC = bytes(6)
HEADER = 14
"""Bytes of two addresses and an EtherType: of the shortest thing that is a frame at all."""
MIN_FRAME = 60
"""Bytes of the shortest frame, without the check sequence."""


def format_mac(mac: bytes) -> str:
    """`aa:bb:cc:dd:ee:ff` of 6 bytes."""
    return ":".join(f"{byte:02x}" for byte in mac)


def parse_mac(text: str) -> bytes:
    """6 bytes of `aa:bb:cc:dd:ee:ff`. Raises BondError."""
    parts = text.strip().split(":")
    try:
        mac = bytes(int(part, 16) for part in parts)
    except ValueError:
        mac = b""
    if len(mac) != 6 or any(len(part) > 2 for part in parts):
        raise BondError(f"{text!r} is not a hardware address; write it as 00:11:22:33:44:55")
    return mac


def is_unicast(mac: bytes) -> bool:
    """Whether a device may carry this address: not a group address, not all zeroes."""
    return mac != ZERO_MAC and not mac[0] & 1


def build(dst: bytes, src: bytes, ethertype: int, payload: bytes, vlan: int | None = None) -> bytes:
    """A frame of at least 60 bytes, tagged when `vlan` (1 to 4094) is given."""
    return build_tagged(dst, src, ethertype, payload, () if vlan is None else (vlan,))


def build_tagged(dst: bytes, src: bytes, ethertype: int, payload: bytes, vlans: Sequence[int]) -> bytes:
    """A frame of at least 60 bytes behind these VLAN tags, the first of which is the outermost."""
    tags = b"".join(struct.pack("!HH", ETHERTYPE_VLAN, vlan) for vlan in vlans)
    frame = dst + src + tags + struct.pack("!H", ethertype) + payload
    return frame.ljust(MIN_FRAME, b"\0")


def random_local() -> bytes:
    """A random unicast address of the locally administered kind."""
    octets = bytearray(os.urandom(6))
    octets[0] = octets[0] & 0xFC | 0x02
    return bytes(octets)
