"""Flow hashes: which slave of a table a frame belongs to.

`mac-xor` is the HOWTO's formula (sections 2 and 12.1.1): source MAC XOR destination MAC. `destination` is
what balance-tlb and balance-alb went by when it was written: the bytes of the destination's address, XORed.
The others are the values of `xmit_hash_policy` in today's driver.
"""

from __future__ import annotations

from enum import Enum
from functools import reduce
from operator import xor

from bondimpl.frames import flow
from bondimpl.frames.flow import Frame


class HashPolicy(Enum):
    """Name of a hash."""

    MAC_XOR = "mac-xor"
    DESTINATION = "destination"
    LAYER2 = "layer2"
    LAYER34 = "layer3+4"
    LAYER23 = "layer2+3"
    ENCAP23 = "encap2+3"
    ENCAP34 = "encap3+4"
    VLAN_SRCMAC = "vlan+srcmac"


_INNERMOST = (HashPolicy.ENCAP23, HashPolicy.ENCAP34)
_BY_PORTS = (HashPolicy.LAYER34, HashPolicy.ENCAP34)


def flow_hash(policy: HashPolicy, frame: Frame) -> int:
    """Unsigned 32-bit hash of an Ethernet frame (at least 14 bytes)."""
    if policy is HashPolicy.MAC_XOR:
        return frame[5] ^ frame[11]
    link = flow.link(frame)
    if policy is HashPolicy.DESTINATION:
        return reduce(xor, flow.destination(frame, link))
    if policy is HashPolicy.VLAN_SRCMAC:
        return link.vlan ^ int.from_bytes(frame[6:9], "big") ^ int.from_bytes(frame[9:12], "big")
    ethernet = frame[5] ^ frame[11] ^ link.ethertype
    if policy is HashPolicy.LAYER2:
        return ethernet
    look = flow.innermost if policy in _INNERMOST else flow.packet
    packet = look(frame, link.ethertype, link.offset)
    if packet is None:
        return ethernet
    if policy not in _INNERMOST:
        # An error goes the way of the packet that it is about.
        packet = flow.blamed(frame, packet, link.ethertype) or packet
    if policy in _BY_PORTS:
        told = flow.icmp(frame, packet) or flow.ports(frame, packet)
        return _fold(told ^ packet.addresses) >> 1  # the lowest bit is often even
    return _fold(ethernet ^ packet.addresses)


def _fold(value: int) -> int:
    value ^= value >> 16
    return value ^ value >> 8
