"""Frames of a host, for tests of what is done with them."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from bondimpl.frames import ethernet
from tests.core.world import mac

OWN = IPv4Address("10.0.0.1")
NOBODY = ethernet.ZERO_MAC


def ipv4(peer: int, *, dst: bytes | None = None, to: str | None = None, protocol: int = 17) -> bytes:
    """60 bytes from 10.0.0.1 to 10.0.0.`peer` at 02:00:00:00:00:`peer`."""
    target = IPv4Address(to or f"10.0.0.{peer}").packed
    header = struct.pack("!B8xBxx4s4s", 0x45, protocol, OWN.packed, target)
    return ethernet.build(dst or mac(peer), mac(0), ethernet.ETHERTYPE_IPV4, header + bytes(26))


def ipv6(
    to: str, *, dst: bytes | None = None, source: str = "fd00::1", header: int = 17, first: int = 0
) -> bytes:
    """An IPv6 packet whose next header is `header`; `first` is the first byte of that."""
    packet = struct.pack("!IHBB", 6 << 28, 16, header, 64)
    packet += IPv6Address(source).packed + IPv6Address(to).packed + bytes([first]) + bytes(15)
    return ethernet.build(dst or mac(9), mac(0), ethernet.ETHERTYPE_IPV6, packet)


def ncp(peer: int, *, checksum: bytes = b"\xff\xff", kind: int = 0x11) -> bytes:
    """An IPX packet of the NetWare Core Protocol."""
    return ethernet.build(mac(peer), mac(0), 0x8137, checksum + bytes([0, 30, 0, kind]) + bytes(40))


def tagged(frame: bytes, vlan: int) -> bytes:
    """The frame in a VLAN."""
    return frame[:12] + struct.pack("!HH", ethernet.ETHERTYPE_VLAN, vlan) + frame[12:]


def arp(
    operation: int, sender: int, target: int, sender_mac: bytes, target_mac: bytes, dst: bytes | None = None
) -> bytes:
    """ARP between 10.0.0.`sender` and 10.0.0.`target`; broadcast unless `dst` is given."""
    addresses = [IPv4Address(f"10.0.0.{last}").packed for last in (sender, target)]
    packet = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, sender_mac, addresses[0], target_mac, addresses[1]
    )
    return ethernet.build(dst or ethernet.BROADCAST, sender_mac, ethernet.ETHERTYPE_ARP, packet)
