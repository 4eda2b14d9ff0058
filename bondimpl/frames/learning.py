"""Learning packets: frames from an address to itself, by which a switch learns at which port it is."""

from __future__ import annotations

from bondimpl.frames import ethernet

ETHERTYPE_LOOP = 0x0060
ETHERTYPE_LOOPBACK = 0x9000

_PADDING = bytes(ethernet.MIN_FRAME - 14)


def learning(mac: bytes, ethertype: int, vlan: int | None = None) -> bytes:
    """60 bytes, 64 with a tag; every switch keeps it to itself, for the destination is where it came from."""
    return ethernet.build(mac, mac, ethertype, _PADDING, vlan)
