"""IPv6 as stations without a stack speak it: neighbour discovery, and packets without content (RFC 4861)."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from lab import frames

ETH_IPV6 = 0x86DD
_ICMPV6, _NO_NEXT_HEADER = 58, 59
_SOLICITATION, _ADVERTISEMENT = 135, 136
_SOURCE_LINK, _TARGET_LINK = 1, 2
_HEADER = 14 + 40


def solicitation(mac: str, ip: str, wanted: str) -> bytes:
    """Who has `wanted`? To the group of those whose addresses end as it does."""
    target = IPv6Address(wanted)
    group = IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | (int(target) & 0xFFFFFF))
    option = struct.pack("!BB", _SOURCE_LINK, 1) + frames.mac_bytes(mac)
    body = struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + target.packed + option
    source = IPv6Address(ip)
    pseudo = source.packed + group.packed + struct.pack("!II", len(body), _ICMPV6)
    sealed = body[:2] + struct.pack("!H", frames.checksum(pseudo + body)) + body[4:]
    multicast = "33:33:" + group.packed[-4:].hex(":")
    return _packet(multicast, mac, source, group, _ICMPV6, sealed)


def advertised(frame: bytes, ip: str) -> str | None:
    """The hardware address that a neighbour advertisement (without a tag) gives for `ip`, or None."""
    icmp = frame[_HEADER:]
    if frames.ethertype(frame) != ETH_IPV6 or frame[20] != _ICMPV6 or icmp[:1] != bytes([_ADVERTISEMENT]):
        return None
    told, option = icmp[8:24], icmp[24:32]
    if told != IPv6Address(ip).packed or option[:2] != bytes([_TARGET_LINK, 1]):
        return None
    return option[2:].hex(":")


def empty(dst: str, src: str, src_ip: str, dst_ip: str) -> bytes:
    """A packet that carries nothing, so that nobody answers."""
    return _packet(dst, src, IPv6Address(src_ip), IPv6Address(dst_ip), _NO_NEXT_HEADER, b"")


def is_empty(frame: bytes) -> bool:
    """Whether it is a packet of `empty`: hosts with IPv6 send others whenever they like."""
    return frames.ethertype(frame) == ETH_IPV6 and frame[20] == _NO_NEXT_HEADER


def _packet(dst: str, src: str, source: IPv6Address, target: IPv6Address, kind: int, body: bytes) -> bytes:
    header = struct.pack("!IHBB", 6 << 28, len(body), kind, 255) + source.packed + target.packed
    return frames.ethernet(dst, src, ETH_IPV6, header + body)
