"""Neighbour discovery of IPv6 (RFC 4861, sections 4.3 and 4.4)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address

from bondimpl.frames import ethernet, flow
from bondimpl.frames.checksum import checksum

ALL_NODES = IPv6Address("ff02::1")
UNSPECIFIED = IPv6Address("::")

SOLICITATION, ADVERTISEMENT = 135, 136
ICMPV6 = 58

_HOPS = 255
_ROUTER, _OVERRIDE = 0x8000_0000, 0x2000_0000
_SOURCE_LINK_LAYER, _TARGET_LINK_LAYER, _ONE_UNIT = 1, 2, 1
_HEADER, _SHORTEST = 40, 8
_SOLICITED_NODE = IPv6Address("ff02::1:ff00:0").packed[:13]


@dataclass(frozen=True, slots=True)
class Discovery:
    """From whom to whom a solicitation or advertisement goes; `dst` (6 bytes) is where the frame was sent."""

    dst: bytes
    kind: int
    sender: IPv6Address
    receiver: IPv6Address


def decode(frame: bytes) -> Discovery | None:
    """The neighbour discovery in a frame, which may have one VLAN tag; None for everything else.

    Hop limit and checksum are not looked at, nor does today's driver.
    """
    if len(frame) < ethernet.HEADER:
        return None
    link = flow.link(frame)
    if not is_discovery(frame, link):
        return None
    at = link.offset
    sender, receiver = (IPv6Address(bytes(frame[i : i + 16])) for i in (at + 8, at + 24))
    return Discovery(bytes(frame[:6]), frame[at + _HEADER], sender, receiver)


def is_discovery(frame: flow.Frame, link: flow.Link) -> bool:
    """Whether the frame, whose layer 2 is known, is a solicitation or an advertisement."""
    message = link.offset + _HEADER
    return (
        link.ethertype == ethernet.ETHERTYPE_IPV6
        and len(frame) >= message + _SHORTEST
        and frame[link.offset + 6] == ICMPV6
        and frame[message] in (SOLICITATION, ADVERTISEMENT)
    )


def looks_for_neighbours(frame: flow.Frame) -> bool:
    """Whether a frame (at least 14 bytes) is ARP, a solicitation or an advertisement; behind a tag, too."""
    link = flow.link(frame)
    return link.ethertype == ethernet.ETHERTYPE_ARP or is_discovery(frame, link)


def solicited_node(address: IPv6Address) -> IPv6Address:
    """The group in which whoever has `address` listens for solicitations."""
    return IPv6Address(_SOLICITED_NODE + address.packed[13:])


def group_mac(group: IPv6Address) -> bytes:
    """The Ethernet address (6 bytes) of a group."""
    return b"\x33\x33" + group.packed[12:]


def solicitation(sender: IPv6Address, mac: bytes, target: IPv6Address, vlans: Sequence[int] = ()) -> bytes:
    """A question who has `target`, behind these VLAN tags (the first is the outermost).

    Whoever asks for the unspecified address does not say by which hardware address (`mac`, 6 bytes).
    """
    body = struct.pack("!BBHI16s", SOLICITATION, 0, 0, 0, target.packed)
    if sender != UNSPECIFIED:
        body += struct.pack("!BB6s", _SOURCE_LINK_LAYER, _ONE_UNIT, mac)
    group = solicited_node(target)
    packet = icmp(sender, group, body)
    return ethernet.build_tagged(group_mac(group), mac, ethernet.ETHERTYPE_IPV6, packet, vlans)


def unsolicited(address: IPv6Address, mac: bytes, *, router: bool = False, vlan: int | None = None) -> bytes:
    """An advertisement to all nodes that `address` is at `mac` (6 bytes), whatever they knew before."""
    flags = _OVERRIDE | (_ROUTER if router else 0)
    body = struct.pack(
        "!BBHI16sBB6s", ADVERTISEMENT, 0, 0, flags, address.packed, _TARGET_LINK_LAYER, _ONE_UNIT, mac
    )
    packet = icmp(address, ALL_NODES, body)
    return ethernet.build(group_mac(ALL_NODES), mac, ethernet.ETHERTYPE_IPV6, packet, vlan)


def icmp(sender: IPv6Address, receiver: IPv6Address, body: bytes) -> bytes:
    """The IPv6 packet of an ICMPv6 message of neighbour discovery, its checksum filled in."""
    body = with_checksum(sender, receiver, body)
    ends = sender.packed + receiver.packed
    return struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, _HOPS) + ends + body


def with_checksum(sender: IPv6Address, receiver: IPv6Address, body: bytes) -> bytes:
    """The ICMPv6 message with its checksum, which covers the addresses, too (RFC 4443, section 2.3)."""
    covered = sender.packed + receiver.packed + struct.pack("!II", len(body), ICMPV6) + body
    return body[:2] + checksum(covered) + body[4:]
