"""What the ARP monitor sees from inside the chassis (HOWTO section 13.1)."""

from __future__ import annotations

from lab.cases import PEER_IP, Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.arp_monitor import asks, silence
from testcases.bounds import seconds
from testcases.wire import Wire

INTERVAL = 200


@behaviour("13.1.monitor.esm-only-arp-sees-uplink")
@needs(traits=("chassis", "esm"), roles=("uplink_a",))
def test_the_uplink_of_a_switch_module_is_seen(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eth0 active, behind a switch module, the target outside; pull the cable of the module's uplink.
    (miimon does not notice: test_monitoring.)

    Verify: eth0 is declared down, though its cable is whole, and eth1 is active within four intervals, asks,
    and carries traffic to the outside.
    """
    bond = bonded("active-backup", arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    assert bond.status().active == "eth0"
    with CablePull(bed, bed.cable("uplink_a")):
        eventually(lambda: bond.status().active == "eth1", seconds(silence(INTERVAL)), what="eth1 is active")
        assert bond.status().slave("eth0").mii_status == "down"
        assert bed.slave_cable(0).plugged
        wire.mark()
        with stream("out") as out:
            out.wait_flowing()
        assert set(wire.shares()) == {"eth1"}
        eventually(lambda: set(wire.shares(asks())) == {"eth1"}, seconds(2 * INTERVAL), what="eth1 asks")
