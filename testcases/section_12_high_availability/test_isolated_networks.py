"""Two switches that share no link, and a network of its own behind each (HOWTO section 12.2.1, broadcast)."""

from __future__ import annotations

import math
import time

import pytest

from lab import frames
from lab.cases import HOST_IP, BondHandle, Bonding, Capture, Flow, Port, Stream, Testbed, behaviour, needs
from lab.faults import PowerOff
from lab.hosts.base import Host
from testcases.bursts import carried, is_of_burst, number_of, numbered
from testcases.outages import lost_between
from testcases.slaves import link_goes
from testcases.wire import Wire

COUNT = 100
ANYBODY_IP = "10.0.0.255"
NETWORKS = {"receiver_a": "switch_a", "receiver_b": "switch_b"}


def to_all(bond: BondHandle, receiver: Host) -> Stream:
    """Datagrams to everybody, one way, as this receiver hears them."""
    flow = Flow(dst_mac=frames.BROADCAST, src_ip=HOST_IP, dst_ip=ANYBODY_IP)
    return Stream((bond.host, bond.name), (receiver, receiver.nics[0]), flow)


@behaviour("12.2.1.broadcast.independent-networks", "2.mode.broadcast.all-slaves")
@needs(slaves=2, meeting=False, traits=("isolated",))
def test_both_networks_hear_every_datagram_once(
    bed: Testbed, bonded: Bonding, capture: Capture, wire: Wire
) -> None:
    """Steps: 100 numbered datagrams to everybody; a receiver in each of two networks.

    Verify: each slave carries all of them; each receiver gets all of them, once, in order, byte for byte.
    """
    bond = bonded("broadcast", miimon=100)
    burst = numbered(bond, [frames.BROADCAST], COUNT)
    assert carried(wire, bond, burst, copies=2) == {"eth0": burst, "eth1": burst}
    capture.settle()
    for role in NETWORKS:
        nic = Port(bed.host(role).name, "eth0")
        heard = capture.frames(nic, sent=False, since_s=wire.since_s, match=is_of_burst)
        assert [seen.data for seen in heard] == burst


@behaviour("12.2.1.broadcast.independent-networks")
@pytest.mark.parametrize(("hit", "nic", "left"), [("a", "eth0", "b"), ("b", "eth1", "a")])
@needs(slaves=2, meeting=False, traits=("isolated",))
def test_a_network_misses_nothing_when_the_other_ones_switch_fails(
    hit: str, nic: str, left: str, bed: Testbed, bonded: Bonding, capture: Capture
) -> None:
    """Steps: a stream of datagrams to everybody; power off the switch of one network.

    Verify: the other network gets every datagram once, those before the failure is detected, too; the one
    that is hit got each until then, and none after.
    """
    bond = bonded("broadcast", miimon=100)
    away = Port(bed.host(f"receiver_{hit}").name, "eth0")
    with to_all(bond, bed.host(f"receiver_{left}")) as out:
        out.wait_flowing()
        begun_s = time.monotonic()
        out.run(0.2)
        with PowerOff(bed, bed.switch(f"switch_{hit}")) as fault:
            link_goes(bond, nic, "down")
            out.run(0.2)
            report = out.report()
            heard = capture.frames(away, sent=False, match=lambda frame: frames.probe(frame) is not None)
    assert report.duplicates == 0
    assert lost_between(report, begun_s, math.inf) == 0
    numbers = [number_of(seen.data) for seen in heard]
    assert numbers == list(range(len(numbers)))
    assert 0 < len(numbers) < report.sent
    assert heard[-1].at_s <= fault.at
