"""A tag is put into a super-frame, and everything else stays as it was."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from bondimpl.runtime import tags
from bondimpl.runtime.tap import VNET_HEADER

_NEEDS_CHECKSUM = 1
offsets = st.integers(min_value=0, max_value=0xFFFF - tags.TAG)


@given(
    frame=st.binary(min_size=14, max_size=200),
    flags=st.sampled_from((0, _NEEDS_CHECKSUM)),
    told=st.tuples(offsets, offsets, offsets, offsets),
    information=st.integers(min_value=0, max_value=0xFFFF),
    kind=st.sampled_from((0x8100, 0x88A8)),
)
def test_taking_the_tag_out_again_gives_the_frame(
    frame: bytes, flags: int, told: tuple[int, int, int, int], information: int, kind: int
) -> None:
    """Where the checksum is to begin and the headers end moves along with what they point at."""
    headers, segment, start, offset = told
    header = struct.pack("=BBHHHH", flags, 1, headers, segment, start, offset)
    buffer = bytearray(bytes(tags.TAG) + header + frame)
    tags.put(memoryview(buffer), information, kind)
    moved, tagged = buffer[:VNET_HEADER], bytes(buffer[VNET_HEADER:])
    shift = tags.TAG if flags else 0
    assert moved == struct.pack("=BBHHHH", flags, 1, headers + shift, segment, start + shift, offset)
    assert tagged[12:16] == struct.pack("!HH", kind, information)
    assert tagged[:12] + tagged[16:] == frame
