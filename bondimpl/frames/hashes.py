"""Flow hashes: which slave of a table a frame belongs to.

`mac-xor` is the HOWTO's formula (sections 2 and 12.1.1): source MAC XOR destination MAC. The others are the
values of `xmit_hash_policy` in today's driver. Multi-byte words are loaded little-endian where that driver,
on the machines it mostly runs on, does so.
"""

from __future__ import annotations

import struct
from enum import Enum

from bondimpl.frames.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN

Frame = bytes | memoryview


class HashPolicy(Enum):
    """Name of a hash."""

    MAC_XOR = "mac-xor"
    LAYER2 = "layer2"
    LAYER23 = "layer2+3"
    VLAN_SRCMAC = "vlan+srcmac"


def flow_hash(policy: HashPolicy, frame: Frame) -> int:
    """Unsigned 32-bit hash of an Ethernet frame (at least 14 bytes)."""
    if policy is HashPolicy.MAC_XOR:
        return frame[5] ^ frame[11]
    vlan, ethertype, offset = _layer2(frame)
    if policy is HashPolicy.VLAN_SRCMAC:
        return vlan ^ int.from_bytes(frame[6:9], "big") ^ int.from_bytes(frame[9:12], "big")
    link = frame[5] ^ frame[11] ^ ethertype
    if policy is HashPolicy.LAYER2:
        return link
    addresses = _addresses(frame, ethertype, offset)
    if addresses is None:
        return link
    return _fold(link ^ addresses)


def _layer2(frame: Frame) -> tuple[int, int, int]:
    """(VLAN id or 0, inner EtherType, offset of the payload); one tag is looked through."""
    ethertype = frame[12] << 8 | frame[13]
    if ethertype == ETHERTYPE_VLAN and len(frame) >= 18:
        return (frame[14] << 8 | frame[15]) & 0xFFF, frame[16] << 8 | frame[17], 18
    return 0, ethertype, 14


def _fold(value: int) -> int:
    value ^= value >> 16
    return value ^ value >> 8


def _addresses(frame: Frame, ethertype: int, offset: int) -> int | None:
    """XOR of the little-endian words of source and destination address; None for anything but whole IP."""
    if ethertype == ETHERTYPE_IPV4 and len(frame) >= offset + 20:
        source, destination = struct.unpack_from("<II", frame, offset + 12)
        return int(source ^ destination)
    if ethertype == ETHERTYPE_IPV6 and len(frame) >= offset + 40:
        value = 0
        for word in struct.unpack_from("<8I", frame, offset + 8):
            value ^= word
        return value
    return None
