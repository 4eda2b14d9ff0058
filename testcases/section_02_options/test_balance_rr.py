"""Mode balance-rr: frames go out on the slaves in turn (HOWTO section 2, `mode`)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, Topology, behaviour, needs
from lab.faults import CablePull
from testcases.bounds import detection
from testcases.bursts import carried, number_of, numbered, peers_like
from testcases.outages import unexplained
from testcases.slaves import link_goes
from testcases.wire import Wire


@behaviour("2.mode.balance-rr.sequential")
@needs(slaves=4)
def test_slaves_take_turns(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: send 400 numbered frames over four slaves.

    Verify: frame i leaves by slave (i + constant) mod 4, and each slave carries exactly 100.
    """
    bond = bonded("balance-rr", slaves=4, miimon=100)
    burst = carried(wire, bond, numbered(bond, [bed.host("peer").mac(bonded.peer_interface)], 400))
    slave_of = {number_of(frame): nic for nic, sent in burst.items() for frame in sent}
    assert {nic: len(sent) for nic, sent in burst.items()} == dict.fromkeys(bond.host.nics[:4], 100)
    offset = bond.host.nics.index(slave_of[0])
    assert slave_of == {number: bond.host.nics[(number + offset) % 4] for number in range(400)}


@behaviour("2.mode.balance-rr.skips-unavailable")
@needs(slaves=4)
def test_an_unavailable_slave_has_no_turn(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: pull the second slave's cable; once that is detected send 300 frames.

    Verify: all of them leave by the other three slaves, each of which has a part in it.
    """
    bond = bonded("balance-rr", slaves=4, miimon=100)
    with CablePull(bed, bed.slave_cable(1)):
        link_goes(bond, "eth1", "down")
        burst = carried(wire, bond, numbered(bond, [bed.host("peer").mac(bonded.peer_interface)], 300))
    assert sum(len(sent) for sent in burst.values()) == 300
    assert set(burst) == {"eth0", "eth2", "eth3"}


@behaviour("2.mode.balance-rr.load-balancing")
@needs(slaves=4)
@pytest.mark.parametrize("peers", [1, 5])
def test_every_slave_carries_a_quarter(bonded: Bonding, wire: Wire, peers: int) -> None:
    """Steps: send 400 equal frames to one and to five destinations over four slaves.

    Verify: each slave's share of the bytes is 25 percent within 2 points.
    """
    bond = bonded("balance-rr", slaves=4, miimon=100)
    destinations = peers_like(bond.host.mac(bond.name))[8 : 8 + peers]
    carried(wire, bond, numbered(bond, destinations, 400))
    lengths = {nic: sum(seen.length for seen in wire.left_by(nic)) for nic in bond.host.nics[:4]}
    for length in lengths.values():
        assert 0.23 <= length / sum(lengths.values()) <= 0.27


@behaviour("2.mode.balance-rr.fault-tolerance")
@needs(slaves=2, meeting=True)
def test_traffic_goes_on_while_a_slave_is_left(
    bed: Testbed, topology: Topology, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: under traffic both ways pull one cable after the other until one is left.

    Verify: after each pull traffic flows without loss within the detection bound, on what is left.
    """
    nics = [port.name for port in topology.slaves]
    bond = bonded("balance-rr", slaves=len(nics), miimon=100)
    pulls = []
    with stream("out") as out, stream("in") as back, ExitStack() as pulled:
        out.wait_flowing()
        for number, nic in enumerate(nics[:-1]):
            pulls.append(pulled.enter_context(CablePull(bed, bed.slave_cable(number))).at)
            link_goes(bond, nic, "down")
            out.wait_flowing()
            back.wait_flowing()
            wire.mark()
            out.run(0.1)
            assert set(wire.shares()) == set(nics[number + 1 :])
        reports = out.report(), back.report()
    for report in reports:
        assert not unexplained(report, pulls, detection())
