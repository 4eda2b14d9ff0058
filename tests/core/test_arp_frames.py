"""The ARP codec (RFC 826), with input of all kinds."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from bondimpl.frames import arp
from tests.core.arp_network import ArpNetwork
from tests.core.world import mac

addresses = st.integers(min_value=0, max_value=2**32 - 1).map(IPv4Address)
vlans = st.lists(st.integers(min_value=1, max_value=4094), max_size=1)


@given(sender=addresses, target=addresses, tags=vlans)
def test_what_is_written_is_read(sender: IPv4Address, target: IPv4Address, tags: list[int]) -> None:
    packet = arp.decode(arp.request(sender, mac(1), target, tags))
    assert packet == arp.Arp(b"\xff" * 6, arp.REQUEST, mac(1), sender, bytes(6), target)


@given(st.integers(min_value=0, max_value=59))
def test_a_frame_cut_short_is_none(length: int) -> None:
    frame = arp.request(IPv4Address("10.0.0.1"), mac(1), IPv4Address("10.0.0.2"))
    assert (arp.decode(frame[:length]) is None) == (length < 42)


@given(position=st.sampled_from(range(12, 20)), value=st.integers(min_value=0, max_value=255))
def test_other_protocols_are_none(position: int, value: int) -> None:
    """EtherType, hardware type, protocol, lengths: each byte has one right value."""
    frame = bytearray(arp.request(IPv4Address("10.0.0.1"), mac(1), IPv4Address("10.0.0.2")))
    right = frame[position] == value
    frame[position] = value
    assert (arp.decode(bytes(frame)) is not None) == right


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.binary(max_size=60).map(lambda tail: b"\xff" * 6 + mac(9) + b"\x08\x06" + tail),
            st.binary(max_size=60).map(lambda tail: mac(0) + mac(9) + b"\x81\x00\x00\x0a\x08\x06" + tail),
        ),
        max_size=8,
    ),
    st.sampled_from(["all", "filter", "backup"]),
)
def test_no_frame_upsets_the_monitor(frames: list[bytes], word: str) -> None:
    network = ArpNetwork("active-backup", shared=True, settle_ms=300, arp_validate=word)
    for frame in frames:
        assert network.world.bond.frame_from_slave("eth1", frame) is False
    network.run(1000)
    assert network.links()[0] == "up"
