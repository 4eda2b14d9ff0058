"""Peers that are nobody: their frames are flooded by a switch, so that every station sees them."""

from __future__ import annotations

from lab.cases import Bonding

FIRST = 0x40
"""Last byte of the first one's address: above those of the lab's NICs."""


def strangers(bonded: Bonding, count: int) -> list[str]:
    """`count` addresses that differ from the peer's, and from each other, in their last byte only."""
    peer = bonded.bed.host("peer").mac(bonded.peer_interface)
    return [f"{peer[:-2]}{FIRST + number:02x}" for number in range(count)]
