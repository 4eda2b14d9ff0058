"""Neighbour advertisements of IPv6 (RFC 4861, section 4.4)."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from bondimpl.frames import ethernet
from bondimpl.frames.checksum import checksum

_ALL_NODES = IPv6Address("ff02::1")
_ALL_NODES_MAC = b"\x33\x33\x00\x00\x00\x01"
_ICMPV6, _HOPS = 58, 255
_ADVERTISEMENT = 136
_ROUTER, _OVERRIDE = 0x8000_0000, 0x2000_0000
_TARGET_LINK_LAYER, _ONE_UNIT = 2, 1


def unsolicited(address: IPv6Address, mac: bytes, *, router: bool = False, vlan: int | None = None) -> bytes:
    """An advertisement to all nodes that `address` is at `mac` (6 bytes), whatever they knew before."""
    flags = _OVERRIDE | (_ROUTER if router else 0)
    body = struct.pack(
        "!BBHI16sBB6s", _ADVERTISEMENT, 0, 0, flags, address.packed, _TARGET_LINK_LAYER, _ONE_UNIT, mac
    )
    ends = address.packed + _ALL_NODES.packed
    body = body[:2] + checksum(ends + struct.pack("!II", len(body), _ICMPV6) + body) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), _ICMPV6, _HOPS) + ends
    return ethernet.build(_ALL_NODES_MAC, mac, ethernet.ETHERTYPE_IPV6, header + body, vlan)
