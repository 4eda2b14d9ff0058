"""Frames of any content: never an exception, never more out than in, and the aggregation stays sound."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bondimpl.lacp.pdu import (
    SLOW_PROTOCOLS,
    SUBTYPE_LACP,
    SUBTYPE_MARKER,
    Info,
    Lacpdu,
    PortState,
    decode_lacpdu,
    encode_lacpdu,
    marker_response,
    slow_subtype,
)
from tests.lacp.invariants import check_bookkeeping, check_traffic
from tests.lacp.scripted import PARTNER, SYSTEM, Scripted
from tests.lacp.test_frames import MARKER, infos
from tests.lacp.wires import mac

HEADER = SLOW_PROTOCOLS + mac(1, 1) + b"\x88\x09"


plausible = st.builds(
    Info,
    system=st.sampled_from([SYSTEM, PARTNER, bytes(6)]),
    key=st.sampled_from([0, 1, 15]),
    port=st.integers(1, 3),
    state=st.integers(0, 255).map(PortState),
)
lacpdus = st.builds(Lacpdu, plausible, plausible) | st.builds(Lacpdu, infos, infos)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A LACPDU or marker with some octets replaced, cut off or appended."""
    encoded = lacpdus.map(lambda pdu: encode_lacpdu(pdu, mac(1, 1)))
    frame = bytearray(draw(encoded | st.just(MARKER)))
    for offset, octet in draw(st.dictionaries(st.integers(0, 123), st.integers(0, 255), max_size=4)).items():
        frame[offset] = octet
    return bytes(frame[: draw(st.integers(0, 200))]) + draw(st.binary(max_size=8))


frames = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=150).map(lambda payload: HEADER + payload),
    mutated(),
    lacpdus.map(lambda pdu: encode_lacpdu(pdu, mac(1, 1))),
)


@pytest.mark.parametrize("whole", [MARKER, encode_lacpdu(Lacpdu(), mac(1, 1))], ids=["marker", "LACPDU"])
def test_frames_cut_off_at_any_octet(whole: bytes) -> None:
    bond = Scripted()
    for length in range(len(whole)):
        bond.bond.received("eth0", whole[:length])
    assert bond.sent == []


@given(frame=frames)
@settings(max_examples=1000, deadline=None)
def test_the_codecs_refuse_what_they_cannot_read(frame: bytes) -> None:
    subtype, pdu, answer = slow_subtype(frame), decode_lacpdu(frame), marker_response(frame, mac(0, 0))
    if pdu is not None:
        assert subtype == SUBTYPE_LACP
        assert decode_lacpdu(encode_lacpdu(pdu, mac(0, 0))) == pdu
        assert answer is None
    if answer is not None:
        assert subtype == SUBTYPE_MARKER
        assert answer[6:12] == mac(0, 0)
        assert marker_response(answer, mac(0, 0)) is None, "an answer is not answered"


@given(
    story=st.lists(
        st.tuples(st.sampled_from(["eth0", "eth1", "eth2"]), frames, st.integers(0, 40)), max_size=25
    ),
    fast=st.booleans(),
    coupled=st.booleans(),
    policy=st.sampled_from(["stable", "bandwidth", "count"]),
)
@settings(max_examples=250, deadline=None)
def test_an_aggregation_survives_anything(
    story: Sequence[tuple[str, bytes, int]], fast: bool, coupled: bool, policy: str
) -> None:
    """And its partners are still heard afterwards."""
    bond = Scripted(3, fast=fast, coupled=coupled, policy=policy)
    for slave, frame, ticks in story:
        before = len(bond.sent)
        taken = bond.bond.received(slave, frame)
        assert len(bond.sent) - before <= 1
        assert taken or len(bond.sent) == before
        check_bookkeeping(bond.bond)
        check_traffic(bond.bond)
        for _ in range(ticks):
            before = len(bond.sent)
            bond.tick()
            assert len(bond.sent) - before <= 3
            check_bookkeeping(bond.bond)
            check_traffic(bond.bond)
    bond.converse("eth0", "eth1", "eth2", ticks=60)
    assert bond.passing() == ["eth0", "eth1", "eth2"]
