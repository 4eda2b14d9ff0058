"""A chassis with all its 14 blades (HOWTO section 13.1)."""

from __future__ import annotations

from functools import partial

from lab import frames
from lab.cases import Bonding, Port, Testbed, behaviour, eventually, needs, send_frames
from lab.faults import PowerOff
from lab.hosts.base import Host
from testcases.bounds import detection, seconds
from testcases.links import has_carrier

BLADES = 14
LEARNED_S = 1.0


def all_blades(bed: Testbed) -> list[Host]:
    """Every blade, the first one first."""
    return [bed.host(f"blade{number}") for number in range(1, BLADES + 1)]


@behaviour("13.1.wiring.two-ports", "13.1.topology.esm-different-switches")
@needs(slaves=2, traits=("full",))
def test_each_module_serves_one_nic_of_every_blade(bed: Testbed, bonded: Bonding) -> None:
    """Steps: on both NICs of each of 14 blades a frame to the bond of the first; then module 1 loses power.

    Verify: each module has learned each blade at a port of that blade's own, eth0 at module 1, eth1 at
    module 2; without module 1 every eth0 has lost its link and every eth1 keeps it, and the bond goes on.
    """
    bond = bonded("active-backup", miimon=100, primary="eth0")
    others = all_blades(bed)[1:]
    for blade in others:
        for nic in blade.nics:
            frame = frames.ethernet(bond.host.mac(bond.name), blade.mac(nic), 0x88B5, b"")
            send_frames(blade, nic, [frame])

    def learned(switch: str, nic: str) -> set[tuple[str, str]]:
        macs = {blade.mac(nic) for blade in others}
        return {(row.mac, row.port) for row in bed.switch(switch).mac_table() if row.mac in macs}

    for switch, nic in (("switch_a", "eth0"), ("switch_b", "eth1")):
        ends = {(blade.mac(nic), bed.topology.far_end(Port(blade.name, nic)).name) for blade in others}
        assert len({port for _, port in ends}) == BLADES - 1
        eventually(partial(learned, switch, nic), LEARNED_S, until=ends.__eq__, what=f"{switch} has learned")
    with PowerOff(bed, bed.switch("switch_a")):
        assert not any(has_carrier(blade, "eth0") for blade in all_blades(bed))
        assert all(has_carrier(blade, "eth1") for blade in all_blades(bed))
        eventually(lambda: bond.status().active == "eth1", seconds(detection()))
