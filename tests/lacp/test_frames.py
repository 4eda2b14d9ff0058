"""LACPDU and marker frames: bytes as the driver sends them, and what it takes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bondimpl.lacp.pdu import Info, Lacpdu, PortState, decode_lacpdu, encode_lacpdu
from bondimpl.lacp.port import Receive
from bondimpl.machine import Speed
from tests.lacp.scripted import SYSTEM, Scripted
from tests.lacp.wires import mac

OURS, THEIRS = mac(0, 0), mac(1, 1)
MARKER = bytes.fromhex(
    "0180c2000002 020000000101 8809 02 01 0116 0001 020000000101 0000002a 0000 0000"
) + bytes(90)

words = st.integers(0, 0xFFFF)
infos = st.builds(
    Info,
    system_priority=words,
    system=st.binary(min_size=6, max_size=6),
    key=words,
    port_priority=words,
    port=words,
    state=st.integers(0, 255).map(PortState),
)


def test_the_first_lacpdu_is_the_drivers_byte_for_byte() -> None:
    """As captured from the driver (slow, active, 10 Gbit/s, nobody heard), with our addresses."""
    bond = Scripted()
    bond.tick(3)
    captured = bytes.fromhex(
        f"0180c2000002 {OURS.hex()} 8809 01 01 0114 ffff {SYSTEM.hex()} 000f 00ff 0001 c5 000000"
        "0214 ffff 000000000000 0001 00ff 0001 02 000000 0310 0000"
    )
    assert bond.sent == [(3, "eth0", captured.ljust(124, b"\0"))]


@given(actor=infos, partner=infos, max_delay=words)
def test_what_is_encoded_is_decoded(actor: Info, partner: Info, max_delay: int) -> None:
    pdu = Lacpdu(actor, partner, max_delay)
    frame = encode_lacpdu(pdu, OURS)
    assert len(frame) == 124
    assert frame[6:12] == OURS
    assert decode_lacpdu(frame) == pdu


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        *[(1, "ACTIVITY"), (2, "TIMEOUT"), (4, "AGGREGATION"), (8, "SYNCHRONIZATION")],
        *[(16, "COLLECTING"), (32, "DISTRIBUTING"), (64, "DEFAULTED"), (128, "EXPIRED")],
    ],
)
def test_the_bits_of_the_state_octet(bit: int, name: str) -> None:
    assert PortState[name] == bit
    assert encode_lacpdu(Lacpdu(actor=Info(state=PortState[name])), OURS)[32] == bit


def patched(frame: bytes, **octets: int) -> bytes:
    """`frame` with octets replaced; keys are o<offset>."""
    changed = bytearray(frame)
    for offset, value in octets.items():
        changed[int(offset[1:])] = value
    return bytes(changed)


def heard(bond: Scripted) -> bytes:
    """A LACPDU as the partner of eth0 sends it."""
    return encode_lacpdu(Lacpdu(bond.partner("eth0"), bond.port().actor), THEIRS)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param({"o15": 0}, id="version 0"),
        pytest.param({"o15": 2}, id="version 2"),
        pytest.param({"o16": 9}, id="actor TLV of another type"),
        pytest.param({"o17": 0}, id="actor TLV of length 0"),
        pytest.param({"o36": 9, "o37": 0xFF}, id="partner TLV"),
        pytest.param({"o56": 9, "o57": 0xFF}, id="collector TLV"),
        pytest.param({"o72": 7}, id="no terminator"),
        pytest.param({"o6": OURS[0], "o10": OURS[4], "o11": OURS[5]}, id="our own source address"),
    ],
)
def test_a_sloppy_lacpdu_is_accepted(octets: dict[str, int]) -> None:
    bond = Scripted()
    bond.tick(2)
    assert bond.bond.received("eth0", patched(heard(bond), **octets))
    assert bond.port().receive is Receive.CURRENT
    assert bond.port().partner == bond.partner("eth0")


@pytest.mark.parametrize(
    ("octets", "length"),
    [
        pytest.param({}, 123, id="a byte short"),
        pytest.param({"o0": 0x02}, 124, id="another destination"),
        pytest.param(dict.fromkeys([f"o{i}" for i in range(6)], 0xFF), 124, id="broadcast"),
        pytest.param({"o14": 3}, 124, id="subtype 3"),
        pytest.param({"o12": 0x08, "o13": 0x00}, 124, id="IPv4"),
    ],
)
def test_what_is_no_lacpdu_is_left_to_the_host(octets: dict[str, int], length: int) -> None:
    bond = Scripted()
    bond.tick(2)
    assert not bond.bond.received("eth0", patched(heard(bond), **octets)[:length])
    assert bond.port().receive is Receive.EXPIRED


def test_a_longer_lacpdu_is_accepted() -> None:
    bond = Scripted()
    bond.tick(2)
    assert bond.bond.received("eth0", heard(bond) + bytes(40))
    assert bond.port().receive is Receive.CURRENT


@pytest.mark.parametrize("before", [0, 2, 100], ids=["before any tick", "expired", "defaulted"])
def test_a_marker_is_answered_by_the_port_that_hears_it(before: int) -> None:
    bond = Scripted(2)
    bond.tick(before)
    bond.sent.clear()
    assert bond.bond.received("eth1", MARKER)
    answer = patched(MARKER, o11=1, o10=0, o16=2)
    assert bond.sent == [(before, "eth1", answer)]


def test_a_marker_is_answered_in_half_duplex() -> None:
    bond = Scripted(speed=Speed(100, "half"))
    bond.tick(5)
    assert bond.bond.received("eth0", MARKER)
    assert [frame[16] for _, _, frame in bond.sent] == [2]


@pytest.mark.parametrize("length", [60, 100, 123])
def test_a_short_marker_is_the_hosts(length: int) -> None:
    """As the real driver does with 60, 100 and 123 bytes; it answers 124."""
    bond = Scripted()
    assert not bond.bond.received("eth0", MARKER[:length])
    assert bond.sent == []


@pytest.mark.parametrize("vlan", [0, 5])
def test_a_vlan_tag_is_looked_through(vlan: int) -> None:
    """As the real driver does: the tag was taken off before it sees the frame."""
    bond = Scripted()
    assert bond.bond.received("eth0", MARKER[:12] + b"\x81\x00" + bytes([0, vlan]) + MARKER[12:])
    assert bond.sent[0][2] == patched(MARKER, o10=0, o11=0, o16=2)


def test_a_marker_response_is_taken_without_an_answer() -> None:
    bond = Scripted()
    assert bond.bond.received("eth0", patched(MARKER, o16=2))
    assert bond.sent == []


def test_no_marker_is_ever_sent() -> None:
    bond = Scripted(2, fast=True)
    bond.converse("eth0", "eth1", ticks=100)
    bond.tick(1000)
    assert {frame[14] for _, _, frame in bond.sent} == {1}
