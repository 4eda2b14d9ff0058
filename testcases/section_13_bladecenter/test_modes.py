"""Which module set suits which mode (HOWTO section 13.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab import frames
from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.outages import trouble_after
from testcases.section_12_high_availability import test_multiple_switches as multiple_switches
from testcases.section_12_high_availability import test_single_switch as single_switch
from testcases.wire import Wire

Case = Callable[[str, Testbed, Bonding, StreamMaker], None]


@behaviour("13.1.topology.all-opm-is-single-switch")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(single_switch.test_every_mode_survives_the_loss_of_a_cable, id="cable"),
        pytest.param(single_switch.test_no_mode_survives_the_loss_of_the_switch, id="switch"),
    ],
)
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup"])
@needs(traits=("chassis", "opm"), without=("esm",))
def test_passthrough_modules_make_one_switch_of_it(
    mode: str, case: Case, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: those of two cases of section 12.1: a cable is pulled; the switch loses power.

    Verify: what those verify. (Other cases of section 12.1 run on this topology, too, by what they need.)
    """
    case(mode, bed, bonded, stream)


@behaviour("13.1.topology.any-esm-is-multi-switch")
@needs(traits=("chassis", "esm"))
def test_a_switch_module_makes_several_switches_of_it(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: those of cases of section 12.2: with a primary its cable is pulled; then its switch loses power.

    Verify: what those verify: the primary is used whenever it can be, traffic outlives the switch.
    """
    multiple_switches.test_the_primary_keeps_to_the_preferred_switch(bed, bonded, stream, wire)
    assert bonded.bond is not None
    multiple_switches.survive(bonded.bond, bed, "switch_a", "peer")


@behaviour("13.1.rr.needs-opm-and-trunk")
@needs(traits=("chassis", "opm"), without=("esm",))
def test_round_robin_works_over_passthrough_modules_and_grouped_ports(
    bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: passthrough modules, the ports of the external switch grouped, round robin there as well;
    traffic both ways.

    Verify: both links are used both ways; nothing is lost, nothing comes twice.
    """
    bonded("balance-rr", miimon=100, policy="round-robin")
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.5)
    for report in (out.report(), back.report()):
        assert report.lost == report.duplicates == 0
    assert set(wire.shares()) == set(wire.arrivals()) == {"eth0", "eth1"}


@behaviour("13.1.rr.needs-opm-and-trunk")
@needs(traits=("chassis", "esm"))
def test_round_robin_misbehaves_over_switch_modules(
    bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: those of section 12.2 for modes that need one peer.

    Verify: the bond's address moves from port to port of a module, broadcasts come twice.
    """
    multiple_switches.test_balancing_over_two_switches_misbehaves("balance-rr", bed, bonded, stream)


@behaviour("13.1.ab.no-extra-requirements", "13.1.bladecenter.supported-modes")
@needs(traits=("chassis",))
def test_active_backup_works_with_any_modules(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: whatever the modules, traffic both ways; pull the cable of the active slave.

    Verify: the other slave is active and carries; the outage ends within the detection time.
    """
    bond = bonded("active-backup", miimon=100)
    with stream("out") as out, stream("in") as back:
        out.wait_flowing()
        back.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as fault:
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()
            back.wait_flowing()
            reports = out.report(), back.report()
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports


@behaviour("13.1.bladecenter.unsupported-modes")
@needs(traits=("chassis", "esm"))
def test_balance_xor_misbehaves_over_switch_modules(
    bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: those of section 12.2 for modes that need one peer. (The driver does not refuse any mode.)

    Verify: the bond's address moves from port to port of a module, broadcasts come twice.
    """
    multiple_switches.test_balancing_over_two_switches_misbehaves("balance-xor", bed, bonded, stream)


@behaviour("13.1.bladecenter.unsupported-modes")
@needs(traits=("chassis", "esm"))
def test_broadcast_comes_twice_over_switch_modules(bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: traffic to an address that no switch knows, as each module has a way to its station.

    Verify: every frame leaves by both modules and reaches the station twice.
    """
    bonded("broadcast", miimon=100)
    wire.mark()
    with stream("out") as out:
        out.run(0.3)
    assert wire.shares() == dict.fromkeys(("eth0", "eth1"), out.report().sent)
    assert (out.report().lost, out.report().duplicates) == (0, out.report().sent)


@behaviour("13.1.bladecenter.unsupported-modes")
@pytest.mark.parametrize("lacp", [False, True], ids=["without-lacp", "with-lacp"])
@needs(traits=("chassis", "esm"))
def test_802_3ad_uses_one_switch_module(lacp: bool, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: traffic out, broadcasts in, which come to both modules; those speak LACP, or do not.

    Verify: each slave is alone in an aggregator, one of them carries everything; nothing is lost, and nothing
    is heard twice, though a module without LACP hands on what it gets.
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast", trunk=lacp)
    wire.mark()
    with stream("out") as out, stream("in", dst_mac=frames.BROADCAST) as back:
        out.run(1.0)
    for report in (out.report(), back.report()):
        assert (report.lost, report.duplicates) == (0, 0)
    assert len(wire.shares()) == 1
    assert len(wire.arrivals()) == 2 or lacp
    view = bond.status()
    assert len({slave.aggregator_id for slave in view.slaves}) == 2
    assert view.ad is not None
    assert view.ad.aggregator is not None
    assert (view.ad.aggregator.ports, view.ad.aggregator.has_partner) == (1, lacp)
