"""What the MII monitor sees from inside the chassis (HOWTO section 13.1)."""

from __future__ import annotations

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.section_06_switch.mac_table import port_of_slave
from testcases.wire import Wire


@behaviour("13.1.monitor.esm-mii-blind-to-uplink")
@needs(traits=("chassis", "esm"), roles=("uplink_a",))
def test_the_uplink_of_a_switch_module_is_out_of_sight(
    bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: eth0 active, behind a switch module; for 20 polls pull the cable of the module's uplink.

    Verify: nothing arrives outside, and no slave changes state.
    """
    bond = bonded("active-backup", miimon=100)
    before = bond.status()
    assert before.active == "eth0"
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.cable("uplink_a")):
            arrived = out.from_now_on()
            never(lambda: bond.status() != before, during=2.0, what="the bond notices", every=0.02)
            assert not arrived()


@behaviour("13.1.monitor.esm-mii-sees-inner-link")
@needs(traits=("chassis", "esm"))
def test_the_link_between_blade_and_switch_module_is_seen(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: disable the port of module 1, a switch, that leads to the blade.

    Verify: eth1 is active within the detection time, and carries.
    """
    bond = bonded("active-backup", miimon=100)
    assert bond.status().active == "eth0"
    with stream("out") as out:
        out.wait_flowing()
        bed.switch("switch_a").port_admin(port_of_slave(bed, 0), False)
        eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
        wire.mark()
        out.wait_flowing()
    assert set(wire.shares()) == {"eth1"}


@behaviour("13.1.monitor.opm-mii-sees-external")
@needs(traits=("chassis", "opm"))
def test_the_external_port_behind_a_passthrough_module_is_seen(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eth1 active, behind a passthrough module; disable the port of the external switch.

    Verify: eth0 is active within the detection time, and carries.
    """
    bond = bonded("active-backup", miimon=100, primary="eth1")
    assert bond.status().active == "eth1"
    with stream("out") as out:
        out.wait_flowing()
        bed.switch("external").port_admin(port_of_slave(bed, 1), False)
        eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
        wire.mark()
        out.wait_flowing()
    assert set(wire.shares()) == {"eth0"}
