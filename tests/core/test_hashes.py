"""The hashes of today's driver: equal to the real one's choice, and safe with anything a wire may bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bondimpl.frames.hashes import HashPolicy, flow_hash

VECTORS = Path(__file__).parent.parent / "data" / "hash" / "vectors-6.1.txt"
POLICIES = ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
SLAVES = 7


def vectors() -> Iterator[tuple[str, bytes]]:
    for line in VECTORS.read_text().splitlines():
        if not line.startswith("#"):
            digits, frame = line.split()
            yield digits, bytes.fromhex(frame)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_real_driver_chose_the_same_slave(policy: str) -> None:
    rows = list(vectors())
    assert len(rows) >= 1500
    column = POLICIES.index(policy)
    wrong = [
        frame.hex()
        for digits, frame in rows
        if flow_hash(HashPolicy(policy), frame) % SLAVES != int(digits[column])
    ]
    assert wrong == []


FRAMES = tuple(frame for _, frame in vectors())


@given(
    policy=st.sampled_from(list(HashPolicy)),
    frame=st.one_of(
        st.binary(min_size=14, max_size=120),
        st.builds(lambda frame, size: frame[: max(14, size)], st.sampled_from(FRAMES), st.integers(14, 200)),
    ),
)
def test_any_frame_has_a_hash(policy: HashPolicy, frame: bytes) -> None:
    assert 0 <= flow_hash(policy, frame) < 1 << 32
    assert flow_hash(policy, memoryview(frame)) == flow_hash(policy, frame)


def test_a_header_without_length_ends_the_search() -> None:
    loop = bytes(12) + b"\x08\x00" + bytes([0x40, *bytes(8), 4]) + bytes(40)
    assert flow_hash(HashPolicy.ENCAP23, loop) == 0x0800
