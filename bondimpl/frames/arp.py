"""ARP for IPv4 over Ethernet (RFC 826)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from bondimpl.frames import ethernet

REQUEST = 1
REPLY = 2

_HARDWARE_ETHERNET = 1
_PACKET = struct.Struct("!HHBBH6s4s6s4s")


@dataclass(frozen=True, slots=True)
class Arp:
    """What an ARP packet says. Hardware addresses are 6 bytes, `dst` is the one the frame was sent to."""

    dst: bytes
    operation: int
    sender_mac: bytes
    sender: IPv4Address
    target_mac: bytes
    target: IPv4Address


def decode(frame: bytes) -> Arp | None:
    """The ARP packet in a frame, which may have one VLAN tag; None for everything else."""
    tagged = frame[12:14] == ethernet.ETHERTYPE_VLAN.to_bytes(2, "big")
    start = 18 if tagged else 14
    if frame[start - 2 : start] != ethernet.ETHERTYPE_ARP.to_bytes(2, "big"):
        return None
    if len(frame) < start + _PACKET.size:
        return None
    hardware, protocol, mac_bytes, ip_bytes, *told = _PACKET.unpack_from(frame, start)
    if (hardware, protocol, mac_bytes, ip_bytes) != (_HARDWARE_ETHERNET, ethernet.ETHERTYPE_IPV4, 6, 4):
        return None
    operation, sender_mac, sender, target_mac, target = told
    return Arp(frame[:6], operation, sender_mac, IPv4Address(sender), target_mac, IPv4Address(target))


def gratuitous(address: IPv4Address, mac: bytes, vlan: int | None = None) -> bytes:
    """A broadcast request for one's own address: every switch and neighbour learns where `mac` is now."""
    return request(address, mac, address, () if vlan is None else (vlan,))


def request(sender: IPv4Address, mac: bytes, target: IPv4Address, vlans: Sequence[int] = ()) -> bytes:
    """A broadcast question who has `target`, behind these VLAN tags (the first is the outermost)."""
    payload = _PACKET.pack(
        _HARDWARE_ETHERNET,
        ethernet.ETHERTYPE_IPV4,
        6,
        4,
        REQUEST,
        mac,
        sender.packed,
        ethernet.ZERO_MAC,
        target.packed,
    )
    return ethernet.build_tagged(ethernet.BROADCAST, mac, ethernet.ETHERTYPE_ARP, payload, vlans)


def reply(
    sender: IPv4Address, mac: bytes, target: IPv4Address, target_mac: bytes, vlan: int | None = None
) -> bytes:
    """A unicast answer: `target` at `target_mac` is to know `sender` by `mac`."""
    head = (_HARDWARE_ETHERNET, ethernet.ETHERTYPE_IPV4, 6, 4, REPLY)
    payload = _PACKET.pack(*head, mac, sender.packed, target_mac, target.packed)
    return ethernet.build(target_mac, mac, ethernet.ETHERTYPE_ARP, payload, vlan)


def with_sender_mac(frame: bytes, mac: bytes) -> bytes:
    """The ARP frame (`decode` knows it) with another sender's hardware address; Ethernet's is left alone."""
    at = (18 if frame[12:14] == ethernet.ETHERTYPE_VLAN.to_bytes(2, "big") else 14) + 8
    return frame[:at] + mac + frame[at + 6 :]
