"""What ip(8), once ifconfig, shows of a bond and its slaves (HOWTO section 5.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from lab import frames
from lab.cases import BondHandle, Bonding, StreamMaker, Testbed, behaviour, eventually, needs, send_frames
from lab.hosts.base import Host
from testcases.bursts import numbered
from testcases.modes import MODES
from testcases.wire import Wire

FRAMES, BATCH = 10_000, 500


@dataclass(frozen=True, slots=True)
class Counters:
    """Packets and errors of an interface."""

    received: int
    sent: int
    send_errors: int


def counters(host: Host, interface: str) -> Counters:
    """What ip(8) shows at present."""
    shown = json.loads(host.run(["ip", "-s", "-j", "link", "show", "dev", interface]).stdout)[0]["stats64"]
    return Counters(shown["rx"]["packets"], shown["tx"]["packets"], shown["tx"]["errors"])


def grown(bond: BondHandle, interfaces: list[str], before: dict[str, Counters]) -> dict[str, Counters]:
    """By how much the counters of each interface have grown."""
    now = {name: counters(bond.host, name) for name in interfaces}
    return {
        name: Counters(
            now[name].received - before[name].received,
            now[name].sent - before[name].sent,
            now[name].send_errors - before[name].send_errors,
        )
        for name in interfaces
    }


@behaviour("5.2.same-mac-all-slaves")
@pytest.mark.parametrize("mode", [*MODES, "802.3ad"])
@needs(slaves=3, meeting=True)
def test_all_slaves_have_the_address_of_the_bond(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: enslave three NICs of different addresses; traffic.

    Verify: all three have the bond's address, and every frame that left carries it as its source.
    """
    host = bed.host("host")
    assert len({host.mac(nic) for nic in host.nics[:3]}) == 3
    bond = bonded(mode, slaves=3, miimon=100)
    mac = host.mac(bond.name)
    assert {nic: host.mac(nic) for nic in host.nics[:3]} == dict.fromkeys(host.nics[:3], mac)
    wire.mark()
    with stream("out") as out:
        out.run(0.2)
    sources = {frames.src_mac(seen.data) for nic in wire.shares() for seen in wire.left_by(nic)}
    assert sources == {mac}


@behaviour("5.2.sample.counters-add-up")
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor"])
@needs(slaves=2, meeting=True)
def test_the_counters_of_the_slaves_add_up_to_those_of_the_bond(
    mode: str, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: traffic both ways between two readings of the counters.

    Verify: what the bond has received, sent and failed to send more is the sum over its slaves. Not in
    broadcast, where a device in user space counts a frame once that leaves in as many copies as slaves, and
    not where the driver itself sends by the slaves (802.3ad and the adaptive modes), past that device.
    """
    bond = bonded(mode, miimon=100)
    with stream("out") as out:
        out.wait_flowing()  # the switch has learned where the bond is: nothing is flooded to a backup
    interfaces = [bond.name, "eth0", "eth1"]
    before = {name: counters(bond.host, name) for name in interfaces}
    with stream("out", rate_pps=1000) as out, stream("in", rate_pps=700) as back:
        out.run(0.5)
    assert out.report().lost == back.report().lost == 0
    more = grown(bond, interfaces, before)
    assert more["bond0"].sent >= out.report().sent
    assert more["bond0"].received >= back.report().sent
    for counter in ("received", "sent", "send_errors"):
        parts = [getattr(more[nic], counter) for nic in ("eth0", "eth1")]
        assert getattr(more["bond0"], counter) == sum(parts), counter


@behaviour("5.2.sample.rr-even-counters")
@needs(slaves=2, meeting=True)
def test_round_robin_uses_both_slaves_evenly(bonded: Bonding, wire: Wire) -> None:
    """Steps: 10000 frames in mode balance-rr, no more at a time than queues hold.

    Verify: all have left, and the transmit counters of the slaves differ by two at most (one frame a slave).
    """
    bond = bonded("balance-rr", miimon=100)
    slaves = ["eth0", "eth1"]
    before = {nic: counters(bond.host, nic) for nic in slaves}
    peer = bonded.bed.host("peer").mac(bonded.peer_interface)
    burst = numbered(bond, [peer], FRAMES)
    for start in range(0, FRAMES, BATCH):
        send_frames(bond.host, bond.name, burst[start : start + BATCH])
        eventually(
            lambda: sum(more.sent for more in grown(bond, slaves, before).values()),
            within=5.0,
            until=lambda sent, wanted=start + BATCH: sent >= wanted,  # type: ignore[misc]
            what="a batch leaves by the slaves",
        )
    first, second = (more.sent for more in grown(bond, slaves, before).values())
    assert first + second <= FRAMES + 10  # a few ARP frames of the hosts
    assert abs(first - second) <= 2
