"""Membership reports of IGMP versions 1 to 3 (RFC 1112, 2236 and 3376)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from bondimpl.frames import ethernet
from bondimpl.frames.checksum import checksum

ALL_HOSTS = IPv4Address("224.0.0.1")
"""Every host is a member, and none says so."""

_V3_ROUTERS = IPv4Address("224.0.0.22")
_V1_REPORT, _V2_REPORT, _V3_REPORT = 0x12, 0x16, 0x22
_MODE_IS_EXCLUDE = 2
_IHL_6, _PRECEDENCE, _DONT_FRAGMENT, _TTL, _PROTOCOL = 0x46, 0xC0, 0x4000, 1, 2
_ROUTER_ALERT = bytes([0x94, 4, 0, 0])


def report(
    version: int, group: IPv4Address, *, source: IPv4Address, mac: bytes, vlan: int | None = None
) -> bytes:
    """The frame by which a host at `mac` (6 bytes) says that it hears `group`, from whatever sender."""
    if version == 3:
        record = struct.pack("!BBH4s", _MODE_IS_EXCLUDE, 0, 0, group.packed)
        body, to = struct.pack("!BxHHH", _V3_REPORT, 0, 0, 1) + record, _V3_ROUTERS
    else:
        body, to = struct.pack("!BxH4s", _V1_REPORT if version == 1 else _V2_REPORT, 0, group.packed), group
    body = body[:2] + checksum(body) + body[4:]
    header = struct.pack(
        "!BBHHHBBH4s4s4s",
        _IHL_6,
        _PRECEDENCE,
        24 + len(body),
        0,
        _DONT_FRAGMENT,
        _TTL,
        _PROTOCOL,
        0,
        source.packed,
        to.packed,
        _ROUTER_ALERT,
    )
    header = header[:10] + checksum(header) + header[12:]
    return ethernet.build(_group_mac(to), mac, ethernet.ETHERTYPE_IPV4, header + body, vlan)


def _group_mac(group: IPv4Address) -> bytes:
    return b"\x01\x00\x5e" + bytes([group.packed[1] & 0x7F]) + group.packed[2:]
