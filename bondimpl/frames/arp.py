"""ARP for IPv4 over Ethernet (RFC 826)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from bondimpl.frames import ethernet

REQUEST = 1
REPLY = 2


def gratuitous(address: IPv4Address, mac: bytes, vlan: int | None = None) -> bytes:
    """A broadcast request for one's own address: every switch and neighbour learns where `mac` is now."""
    packet = struct.pack(
        "!HHBBH6s4s6s4s",
        1,
        ethernet.ETHERTYPE_IPV4,
        6,
        4,
        REQUEST,
        mac,
        address.packed,
        ethernet.ZERO_MAC,
        address.packed,
    )
    return ethernet.build(ethernet.BROADCAST, mac, ethernet.ETHERTYPE_ARP, packet, vlan)
