"""Which module set suits which mode (HOWTO section 13.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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


@behaviour("13.1.ab.no-extra-requirements")
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
