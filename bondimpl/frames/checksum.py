"""The checksum of the Internet protocols (RFC 1071)."""

from __future__ import annotations

import struct


def checksum(data: bytes) -> bytes:
    """The ones' complement of the ones' complement sum of 16-bit words, 2 bytes."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
