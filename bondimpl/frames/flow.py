"""What a frame's flow is: addresses and ports, as today's driver finds them for its hashes.

Words are loaded little-endian, as that driver does on the machines it mostly runs on.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bondimpl.frames.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN

Frame = bytes | memoryview

_IPIP, _IPV6_IN_IP, _GRE, _AH, _ICMP, _ICMPV6 = 4, 41, 47, 51, 1, 58
_PORTS_AT = {6: 0, 17: 0, 33: 0, 50: 0, 132: 0, 136: 0, _AH: 4}
"""Where four bytes that tell flows apart begin: TCP, UDP, DCCP, ESP's SPI, SCTP, UDP-Lite, AH's SPI."""
_EXTENSIONS = (0, 43, 60)
"""IPv6 hop-by-hop, routing and destination options."""
_SHORTEST = 8
"""Bytes of a header, at least: an IPv4 header that says it has none ends the search."""
_TRANSPARENT_ETHERNET = 0x6558
_WITH_ID = {_ICMP: (0, 8, 13, 14), _ICMPV6: (128, 129)}
_ERRORS = {_ICMP: (3, 4, 5, 11, 12), _ICMPV6: (1, 2, 3, 4)}
_KNOWN_WITHOUT_ADDRESSES = (0x0806, 0x8035, 0x8847, 0x8848, 0x8906, 0x88F7)
"""ARP, RARP, MPLS, FCoE, PTP: today's driver dissects them, and finds no addresses to hash."""
_GRE_CHECKSUM, _GRE_ROUTING, _GRE_KEY, _GRE_SEQUENCE, _GRE_VERSION = 0x8000, 0x4000, 0x2000, 0x1000, 7


@dataclass(frozen=True, slots=True)
class Link:
    """Layer 2: VLAN id (0 without tag), EtherType behind the tag, offset of the payload."""

    vlan: int
    ethertype: int
    offset: int


@dataclass(frozen=True, slots=True)
class Packet:
    """Layer 3: XOR of the words of both addresses, protocol and offset of what follows; -1: no first part."""

    addresses: int
    protocol: int
    offset: int


def link(frame: Frame, start: int = 0) -> Link:
    """Layer 2 of the Ethernet frame at `start`; one tag is looked through."""
    ethertype = frame[start + 12] << 8 | frame[start + 13]
    if ethertype == ETHERTYPE_VLAN and len(frame) >= start + 18:
        vlan = (frame[start + 14] << 8 | frame[start + 15]) & 0xFFF
        return Link(vlan, frame[start + 16] << 8 | frame[start + 17], start + 18)
    return Link(0, ethertype, start + 14)


def destination(frame: Frame, found: Link) -> Frame:
    """The bytes of the destination's IPv4 or IPv6 address; of its Ethernet address where there is none."""
    if found.ethertype == ETHERTYPE_IPV4 and len(frame) >= found.offset + 20:
        return frame[found.offset + 16 : found.offset + 20]
    if found.ethertype == ETHERTYPE_IPV6 and len(frame) >= found.offset + 40:
        return frame[found.offset + 24 : found.offset + 40]
    return frame[:6]


def packet(frame: Frame, ethertype: int, offset: int) -> Packet | None:
    """Layer 3 at `offset`; None for anything but whole IP."""
    if ethertype == ETHERTYPE_IPV4 and len(frame) >= offset + 20:
        words = struct.unpack_from("<II", frame, offset + 12)
        header = (frame[offset] & 0xF) * 4
        fragment = (frame[offset + 6] << 8 | frame[offset + 7]) & 0x3FFF
        protocol = -1 if fragment else frame[offset + 9]
        return Packet(words[0] ^ words[1], protocol, offset + header)
    if ethertype == ETHERTYPE_IPV6 and len(frame) >= offset + 40:
        addresses = 0
        for word in struct.unpack_from("<8I", frame, offset + 8):
            addresses ^= word
        return Packet(addresses, frame[offset + 6], offset + 40)
    return None


def ports(frame: Frame, found: Packet) -> int:
    """Source and destination port, or what stands for them; 0 when the packet has none."""
    at = _PORTS_AT.get(found.protocol)
    if at is None or len(frame) < found.offset + at + 4:
        return 0
    return int.from_bytes(frame[found.offset + at : found.offset + at + 4], "little")


def icmp(frame: Frame, found: Packet) -> int:
    """Type, code and identifier of an ICMP or ICMPv6 message with identifier; 0 for any other."""
    kinds = _WITH_ID.get(found.protocol)
    if kinds is None or len(frame) < found.offset + 8 or frame[found.offset] not in kinds:
        return 0
    identifier = frame[found.offset + 4] << 8 | frame[found.offset + 5]
    return frame[found.offset] | frame[found.offset + 1] << 8 | (identifier or 1) << 16


def blamed(frame: Frame, found: Packet, ethertype: int) -> Packet | None:
    """The packet that an ICMP or ICMPv6 error is about; None when it is none."""
    kinds = _ERRORS.get(found.protocol)
    if kinds is None or len(frame) < found.offset + 8 or frame[found.offset] not in kinds:
        return None
    return packet(frame, ethertype, found.offset + 8)


def innermost(frame: Frame, ethertype: int, offset: int) -> Packet | None:
    """The innermost packet through IP in IP and GRE; None where that is no IP."""
    if ethertype in _KNOWN_WITHOUT_ADDRESSES:
        return Packet(0, -1, offset)
    found = packet(frame, ethertype, offset)
    while found is not None and found.offset >= offset + _SHORTEST:
        offset = found.offset
        if found.protocol in (_IPIP, _IPV6_IN_IP):
            inner = ETHERTYPE_IPV4 if found.protocol == _IPIP else ETHERTYPE_IPV6
            found = packet(frame, inner, found.offset)
        elif found.protocol == _GRE and (opened := _gre(frame, found.offset)):
            found = packet(frame, *opened)
        elif found.protocol in _EXTENSIONS and len(frame) >= found.offset + 8:
            length = (frame[found.offset + 1] + 1) * 8
            found = Packet(found.addresses, frame[found.offset], found.offset + length)
        else:
            return found
    return None


def _gre(frame: Frame, offset: int) -> tuple[int, int] | None:
    """EtherType and offset of what is in GRE; None when that cannot be told."""
    if len(frame) < offset + 4:
        return None
    flags, ethertype = struct.unpack_from(">HH", frame, offset)
    if flags & (_GRE_ROUTING | _GRE_VERSION):
        return None
    offset += 4 + 4 * sum(bool(flags & bit) for bit in (_GRE_CHECKSUM, _GRE_KEY, _GRE_SEQUENCE))
    if ethertype == _TRANSPARENT_ETHERNET:
        if len(frame) < offset + 14:
            return None
        inside = link(frame, offset)
        return inside.ethertype, inside.offset
    return ethertype, offset
