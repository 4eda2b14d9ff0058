"""The transmit policy of the switch towards the bond (HOWTO section 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest

from lab import frames
from lab.bonding import Bonding
from lab.cases import (
    HOST_IP,
    PEER_IP,
    BondHandle,
    StreamMaker,
    behaviour,
    eventually,
    needs,
    send_frames,
)
from lab.switches.base import GroupPolicy
from testcases.modes import SPREADING
from testcases.wire import Wire

SOURCES, EACH = 32, 4
POLICIES: tuple[GroupPolicy, ...] = ("xor-mac", "xor-ip", "round-robin")


def anything(frame: bytes) -> bool:
    """Any frame at all."""
    return True


def towards(bond: BondHandle, source: Callable[[int], tuple[str, str]]) -> list[bytes]:
    """Probes to the bond from `SOURCES` senders (MAC, IPv4), each sending `EACH` as a flow of its own."""
    mac = bond.host.mac(bond.name)
    return [
        frames.udp(mac, *source(number), HOST_IP, frames.probe_payload(number, turn, 60))
        for turn in range(EACH)
        for number in range(SOURCES)
    ]


def heard(bonded: Bonding, bond: BondHandle, burst: Sequence[bytes]) -> list[bytes]:
    """Send the burst from the peer; what the bond has received of it when all of it was received."""
    received: list[bytes] = []
    with bond.host.packet_socket(bond.name) as sock:
        send_frames(bonded.bed.host("peer"), bonded.peer_interface, burst)

        def all_there() -> bool:
            try:
                while True:
                    received.append(sock.recv(2048))
            except BlockingIOError:
                return len([frame for frame in received if frames.probe(frame)]) >= len(burst)

        eventually(all_there, within=3.0, what="the bond receives the burst")
    return [frame for frame in received if frames.probe(frame)]


def slaves_by_flow(wire: Wire, bond: BondHandle) -> dict[int, set[str]]:
    """The slaves on which the frames of each flow were delivered."""
    found: dict[int, set[str]] = defaultdict(set)
    for nic in bond.status().slave_names:
        for seen in wire.reached(nic):
            probe = frames.probe(seen.data)
            assert probe is not None
            found[probe.flow].add(nic)
    return dict(found)


@behaviour("6.switch.policy-xor-mac", "6.switch.policy-xor-ip")
@pytest.mark.parametrize("policy", ["xor-mac", "xor-ip"])
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, meeting=True, switch=True)
def test_the_switch_chooses_the_slave_by_who_sends(
    policy: GroupPolicy, mode: str, bonded: Bonding, wire: Wire
) -> None:
    """Steps: group the ports with either policy; frames from 32 MAC addresses, or 32 IP addresses of one.

    Verify: the bond receives every frame once; each sender's arrive on one slave, and both slaves get some.
    """
    bond = bonded(mode, policy=policy, miimon=100)
    peer = bonded.bed.host("peer").mac(bonded.peer_interface)
    wire.mark()
    if policy == "xor-mac":
        burst = towards(bond, lambda number: (f"02:00:00:00:77:{number:02x}", PEER_IP))
    else:
        burst = towards(bond, lambda number: (peer, f"10.0.0.{100 + number}"))
    received = heard(bonded, bond, burst)
    assert sorted(received) == sorted(burst)
    flows = slaves_by_flow(wire, bond)
    assert len(flows) == SOURCES
    assert all(len(slaves) == 1 for slaves in flows.values())
    assert set.union(*flows.values()) == {"eth0", "eth1"}


@behaviour("6.switch.policies-may-differ")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, meeting=True, switch=True)
def test_each_end_may_have_a_policy_of_its_own(
    policy: GroupPolicy, mode: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: every mode against every policy of the switch; traffic both ways.

    Verify: nothing is lost and nothing comes twice, but for the second copy that broadcast sends; each
    direction is spread as its sender does: in turn, by a hash, or on both.
    """
    bonded(mode, policy=policy, miimon=100)
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.3)
    ours, theirs = out.report(), back.report()
    assert ours.lost == theirs.lost == theirs.duplicates == 0
    assert ours.duplicates == (ours.sent if mode == "broadcast" else 0)
    for sender, carried in ((mode, wire.shares), (policy, wire.arrivals)):
        if sender in ("balance-rr", "round-robin"):
            every = carried(anything)  # ARP and ICMP of the hosts take their turns in the round as well
            assert abs(every["eth0"] - every["eth1"]) <= 2
        elif sender == "broadcast":
            assert carried()["eth0"] == carried()["eth1"]
        else:
            assert len(carried()) == 1
