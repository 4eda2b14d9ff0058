"""VLAN tags of super-frames: put behind the addresses, with the virtio header kept right.

A frame that is to get a tag is read `TAG` bytes late into its buffer: header and addresses then move up and
leave room for the tag, and the rest, which may be 64 KiB, stays where it is.
"""

from __future__ import annotations

import struct

from bondimpl.frames.ethernet import ETHERTYPE_VLAN
from bondimpl.runtime.tap import VNET_HEADER

TAG = 4
"""Bytes of a tag."""
ID = 0xFFF
"""The bits of a tag's information that are the id of the VLAN; the others are priorities."""

_NEEDS_CHECKSUM = 1
_ADDRESSES_END = VNET_HEADER + 12
_OFFSETS = struct.Struct("=HHH")
_TAG = struct.Struct("!HH")


def put(buffer: memoryview, information: int, kind: int = ETHERTYPE_VLAN) -> None:
    """Tag the frame that lies `TAG` bytes late behind its virtio header; it begins at 0 then.

    `information`: the two bytes after the tag's EtherType `kind`.
    """
    buffer[:_ADDRESSES_END] = buffer[TAG : TAG + _ADDRESSES_END]
    _TAG.pack_into(buffer, _ADDRESSES_END, kind, information)
    if buffer[0] & _NEEDS_CHECKSUM:
        headers, segment, start = _OFFSETS.unpack_from(buffer, 2)
        _OFFSETS.pack_into(buffer, 2, headers + TAG, segment, start + TAG)
