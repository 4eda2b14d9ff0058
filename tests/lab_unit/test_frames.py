"""Frames: what we build is what scapy reads, and what scapy builds is what we recognise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether

from lab import frames

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def scapy(frame: bytes) -> Any:
    return Ether(frame)


@pytest.mark.parametrize("vlan", [None, 0, 10, 4094])
@given(length=st.integers(12, 200), sequence=st.integers(0, 2**32 - 1))
def test_probes_have_valid_checksums_and_carry_their_number(
    vlan: int | None, length: int, sequence: int
) -> None:
    payload = frames.probe_payload(7, sequence, length)
    frame = frames.udp(B, A, "10.0.0.1", "10.0.0.2", payload, ports=(1111, 2222), vlan_id=vlan)
    packet = scapy(frame)
    assert (packet.dst, packet.src, packet[IP].src, packet[IP].dst) == (B, A, "10.0.0.1", "10.0.0.2")
    assert (packet[UDP].sport, packet[UDP].dport) == (1111, 2222)
    assert (packet[Dot1Q].vlan if Dot1Q in packet else None) == vlan
    given_sums = packet[IP].chksum, packet[UDP].chksum
    del packet[IP].chksum, packet[UDP].chksum
    again = scapy(bytes(packet))
    assert (again[IP].chksum, again[UDP].chksum) == given_sums
    assert frames.probe(frame) == frames.Probe(7, sequence, vlan)


def test_other_traffic_is_no_probe() -> None:
    assert frames.probe(bytes(Ether() / IP() / UDP() / b"BLa")) is None
    assert frames.probe(bytes(Ether() / ARP())) is None
    assert frames.probe(b"") is None


def test_addresses_and_types() -> None:
    plain = bytes(Ether(src=A, dst=B) / IP())
    tagged = bytes(Ether(src=A, dst=B) / Dot1Q(vlan=5, prio=7) / ARP())
    double = bytes(Ether(src=A, dst=B) / Dot1Q(vlan=5) / Dot1Q(vlan=6) / IP())
    assert (frames.src_mac(plain), frames.dst_mac(plain)) == (A, B)
    assert [frames.ethertype(f) for f in (plain, tagged, double)] == [0x0800, 0x0806, 0x0800]
    assert [frames.vlan(f) for f in (plain, tagged, double)] == [None, 5, 5]
    assert frames.ethertype(plain[:13]) == 0


def test_arp_requests_and_replies() -> None:
    request = frames.arp_request(A, "10.0.0.1", "10.0.0.2")
    reply = bytes(Ether(src=B, dst=A) / ARP(op=2, hwsrc=B, psrc="10.0.0.2", hwdst=A, pdst="10.0.0.1"))
    assert frames.is_arp_request(request)
    assert frames.is_arp_request(request, "10.0.0.2")
    assert not frames.is_arp_request(request, "10.0.0.1")
    assert not frames.is_arp_request(reply)
    assert frames.is_arp_reply(reply, "10.0.0.2")
    assert not frames.is_arp_reply(reply, "10.0.0.1")
    assert not frames.is_arp_reply(request)
    assert frames.arp(reply) == frames.Arp(2, B, "10.0.0.2", A, "10.0.0.1")
    packet = scapy(request)
    assert (packet.dst, packet[ARP].op, packet[ARP].pdst) == ("ff:ff:ff:ff:ff:ff", 1, "10.0.0.2")


def test_gratuitous_arp() -> None:
    ours = frames.gratuitous_arp(A, "10.0.0.1", vlan_id=3)
    assert frames.is_gratuitous_arp(ours)
    assert frames.is_gratuitous_arp(ours, "10.0.0.1")
    assert not frames.is_gratuitous_arp(ours, "10.0.0.2")
    assert not frames.is_gratuitous_arp(frames.arp_request(A, "10.0.0.1", "10.0.0.2"))
    assert frames.is_gratuitous_arp(bytes(Ether() / ARP(op=2, psrc="1.2.3.4", pdst="1.2.3.4")))


@given(st.binary(max_size=80))
def test_no_bytes_upset_the_matchers(data: bytes) -> None:
    for ask in (
        frames.arp,
        frames.probe,
        frames.vlan,
        frames.ethertype,
        frames.is_lacpdu,
        frames.is_gratuitous_arp,
    ):
        ask(data)


def test_lacpdu() -> None:
    assert frames.is_lacpdu(frames.ethernet("01:80:c2:00:00:02", A, frames.ETH_SLOW, b"\x01\x01"))
    assert not frames.is_lacpdu(frames.ethernet("01:80:c2:00:00:02", A, frames.ETH_SLOW, b"\x02\x01"))


def test_short_frames_are_padded_and_bad_addresses_refused() -> None:
    assert len(frames.ethernet(A, B, 0x88B5, b"x")) == 60
    with pytest.raises(ValueError, match="not a MAC"):
        frames.mac_bytes("02:00:00")


def test_describe() -> None:
    assert "10.0.0.2" in frames.describe(frames.arp_request(A, "10.0.0.1", "10.0.0.2"))
