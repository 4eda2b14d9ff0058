"""balance-tlb, balance-alb and balance-rr in a chassis (HOWTO section 13.1)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, Capture, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.bursts import carried, nic_of_peer
from testcases.modes import ADAPTIVE
from testcases.neighbours import DEAL_S, REBALANCE, Neighbours, addresses, to_all, wait_dealt
from testcases.outages import trouble_after
from testcases.section_13_bladecenter.chassis import delivered
from testcases.slaves import link_goes
from testcases.wire import Wire

PEERS, EACH = 8, 4
BOTH = ("eth0", "eth1")


@behaviour("13.1.bladecenter.supported-modes", "13.1.tlb-alb.esm-opm-or-mix", "13.1.tlb-alb.must-converge")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(traits=("chassis",), roles=("external",))
def test_they_work_with_any_modules_whose_networks_meet(
    mode: str, bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: whatever the modules, one network outside; frames to eight peers, and of each of them to the
    address that it was told; the same with the cable of the active slave pulled.

    Verify: first the frames leave by both slaves, and later by the other one; each time all peers are
    reached, and all frames of theirs arrive.
    """
    bond = bonded(mode, miimon=100)
    wait_dealt(wire, BOTH)
    peers = Neighbours(bed, capture, PEERS)
    peers.resolve()

    def sent() -> dict[str, list[bytes]]:
        return carried(wire, bond, to_all(bond, addresses(PEERS), EACH, 100))

    eventually(
        sent, seconds(REBALANCE), until=lambda burst: set(burst) == set(BOTH), what="both slaves carry"
    )
    assert delivered(bed, capture, wire.since_s) == set(addresses(PEERS))
    assert set.union(*peers.arrivals(wire).values()) == (set(BOTH) if mode == "balance-alb" else {"eth0"})
    with CablePull(bed, bed.slave_cable(0)):
        link_goes(bond, "eth0", "down")
        assert set(sent()) == {"eth1"}
        assert delivered(bed, capture, wire.since_s) == set(addresses(PEERS))
        eventually(
            lambda: set(peers.cache().values()),
            DEAL_S,
            until={bond.host.mac(bond.name)}.issuperset,
            what="all peers are told what eth1 hears",
        )
        assert set.union(*peers.arrivals(wire).values()) == {"eth1"}


@behaviour("13.1.tlb-alb.must-converge")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(traits=("apart",))
def test_they_lose_peers_where_the_networks_do_not_meet(
    mode: str, bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: two switch modules, a network outside each; frames to eight peers that are outside module 1.

    Verify: the frames leave by both slaves; those peers are reached whose frames leave by eth0, and the
    others are not.
    """
    bond = bonded(mode, miimon=100)
    wait_dealt(wire, BOTH)

    def sent() -> dict[str, list[bytes]]:
        return carried(wire, bond, to_all(bond, addresses(PEERS), EACH, 100))

    burst = eventually(
        sent, seconds(REBALANCE), until=lambda burst: set(burst) == set(BOTH), what="both carry"
    )
    by_eth0 = {peer for peer, nics in nic_of_peer(burst).items() if nics == {"eth0"}}
    assert delivered(bed, capture, wire.since_s) == by_eth0
    assert 0 < len(by_eth0) < PEERS


@behaviour("13.1.bladecenter.supported-modes")
@needs(traits=("chassis", "opm"), without=("esm",))
def test_round_robin_outlives_a_cable_with_passthrough_modules(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: passthrough modules, the ports of the external switch grouped; traffic both ways over both
    slaves; pull the cable of one.

    Verify: the other one carries everything, after the detection time without a loss.
    """
    bond = bonded("balance-rr", miimon=100, policy="round-robin")
    with stream("out") as out, stream("in") as back:
        out.wait_flowing()
        back.wait_flowing()
        assert set(wire.shares()) == set(wire.arrivals()) == set(BOTH)
        with CablePull(bed, bed.slave_cable(0)) as fault:
            out.run(seconds(detection()))
            assert bond.status().slave("eth0").mii_status == "down"
            wire.mark()
            out.run(0.2)
            assert set(wire.shares()) == set(wire.arrivals()) == {"eth1"}
            reports = out.report(), back.report()
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports
