"""Which frames of the host balance-tlb and balance-alb may send by any slave (HOWTO section 2, `mode`).

The others leave by the active slave, because they say or ask where the bond is, or nobody tells their flow.
"""

from __future__ import annotations

from enum import Enum

from bondimpl.frames import flow
from bondimpl.frames.ethernet import BROADCAST, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from bondimpl.frames.flow import Frame

ETHERTYPE_IPX = 0x8137

_IGMP, _ICMPV6 = 2, 58
_NEIGHBOUR_DISCOVERY = (135, 136)
"""ICMPv6 types: solicitation and advertisement."""
_EVERY_STATION = b"\xff" * 4
_ALL_NODES = b"\x33\x33\x00\x00\x00\x01"
_NO_IPX_CHECKSUM, _NCP = b"\xff\xff", 0x11


class Eligible(Enum):
    """Which frames: of today's balance-tlb, of today's balance-alb, of both in the driver of 2.6.12."""

    UNICAST_IP = "unicast-ip"
    IP = "ip"
    IP_AND_NCP = "ip-and-ncp"


def may_be_balanced(which: Eligible, frame: Frame) -> bool:
    """Whether any slave may carry this Ethernet frame (at least 14 bytes); one VLAN tag is looked through."""
    link = flow.link(frame)
    destination = bytes(frame[:6])
    if which is Eligible.UNICAST_IP:
        return not destination[0] & 1 and _is_ip(frame, link) and not _discovers_neighbours(frame, link)
    if destination == BROADCAST:
        return False
    if which is Eligible.IP_AND_NCP and link.ethertype == ETHERTYPE_IPX:
        return _is_ncp(frame, link.offset)
    if not _is_ip(frame, link) or _asks_everyone(frame, link):
        return False
    if which is Eligible.IP_AND_NCP or link.ethertype == ETHERTYPE_IPV4:
        return True
    return destination != _ALL_NODES and not _discovers_neighbours(frame, link) and _has_source(frame, link)


def _is_ip(frame: Frame, link: flow.Link) -> bool:
    header = {ETHERTYPE_IPV4: 20, ETHERTYPE_IPV6: 40}.get(link.ethertype)
    return header is not None and len(frame) >= link.offset + header


def _asks_everyone(frame: Frame, link: flow.Link) -> bool:
    """IGMP, or IPv4 to 255.255.255.255."""
    if link.ethertype != ETHERTYPE_IPV4:
        return False
    to = frame[link.offset + 16 : link.offset + 20]
    return frame[link.offset + 9] == _IGMP or bytes(to) == _EVERY_STATION


def _discovers_neighbours(frame: Frame, link: flow.Link) -> bool:
    if link.ethertype != ETHERTYPE_IPV6 or frame[link.offset + 6] != _ICMPV6:
        return False
    message = link.offset + 40
    return len(frame) < message + 8 or frame[message] in _NEIGHBOUR_DISCOVERY


def _has_source(frame: Frame, link: flow.Link) -> bool:
    """False for the probe of an IPv6 address that is not one's own yet."""
    return any(frame[link.offset + 8 : link.offset + 24])


def _is_ncp(frame: Frame, offset: int) -> bool:
    return (
        len(frame) >= offset + 6
        and bytes(frame[offset : offset + 2]) == _NO_IPX_CHECKSUM
        and frame[offset + 5] == _NCP
    )
