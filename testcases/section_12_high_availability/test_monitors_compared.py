"""What either monitor sees in a network of several switches (HOWTO section 12.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from lab.cases import (
    PEER_B_IP,
    PEER_IP,
    BondHandle,
    Bonding,
    Testbed,
    TimeOut,
    behaviour,
    eventually,
    needs,
)
from lab.faults import CablePull, Fault, PowerOff
from lab.switch_faults import SwitchFreeze
from testcases.arp_monitor import silence
from testcases.bounds import detection, seconds
from testcases.section_12_high_availability.test_arp_behind_switch import BOTH, INTERVAL, active_is, monitored

READY_S = 5.0
Faults = Mapping[str, Callable[[Testbed], Fault]]
FAULTS: Faults = {
    "port1 of A": lambda bed: CablePull(bed, bed.slave_cable(0)),
    "switch A off": lambda bed: PowerOff(bed, bed.switch("switch_a")),
    "isl": lambda bed: CablePull(bed, bed.cable("isl")),
    "port3 of A": lambda bed: CablePull(bed, bed.cable("uplink_a")),
    "blackhole in A": lambda bed: SwitchFreeze(bed, bed.switch("switch_a")),
}


@dataclass(frozen=True, slots=True)
class Record:
    """The faults that a monitor detected, and those after which the outside was reached."""

    detected: list[str]
    survived: list[str]


def slave_down(bond: BondHandle) -> bool:
    """Whether the monitor has something to complain of."""
    return any(slave.mii_status != "up" for slave in bond.status().slaves)


def reached(bond: BondHandle) -> bool:
    """Whether one of the stations outside answers a ping."""
    ping = ["ping", "-c", "3", "-i", "0.1", "-W", "0.5"]
    return any(bond.host.run([*ping, ip], check=False).returncode == 0 for ip in (PEER_IP, PEER_B_IP))


def face(faults: Faults, bond: BondHandle, bed: Testbed, bound: int) -> Record:
    """Have the faults happen one after the other; `bound` in ms is the time that the monitor has for each."""
    record = Record([], [])
    for name, fault in faults.items():
        with fault(bed):
            try:
                eventually(partial(slave_down, bond), seconds(bound))
                record.detected.append(name)
            except TimeOut:
                """Not seen by this monitor."""
            if reached(bond):
                record.survived.append(name)
        active_is(bond, "eth0", READY_S)
        eventually(lambda: not slave_down(bond), READY_S, what="all is well again")
    return record


@behaviour("12.2.2.monitor.arp-more-reliable")
@pytest.mark.parametrize("mode", ["active-backup", "broadcast"])
@needs(slaves=2, meeting=False, roles=("isl", "uplink_a", "peer_b"), once=True)
def test_the_arp_monitor_sees_more(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: under miimon and under the ARP monitor with a target behind each switch, five faults one after
    the other: the host's cable, the whole switch, ISL, port3, frames that vanish in the switch.

    Verify: the ARP monitor detects all that miimon does, and more; after each fault the outside is reached,
    which in active-backup miimon does not manage. The lists are on the timeline.
    """
    primary: dict[str, Any] = {"primary": "eth0"} if mode == "active-backup" else {}
    bond = bonded(mode, miimon=100, **primary)
    mii = face(FAULTS, bond, bed, detection())
    bond.delete()
    arp = face(FAULTS, monitored(bonded, BOTH, mode), bed, silence(INTERVAL, rounds=2))
    for monitor, record in (("miimon", mii), ("ARP", arp)):
        bed.timeline.note("compared", f"{monitor}: detected {record.detected}, survived {record.survived}")
    assert mii.detected == ["port1 of A", "switch A off"]
    assert set(arp.detected) > set(mii.detected)
    assert "blackhole in A" in arp.detected
    assert set(arp.survived) == set(FAULTS)
    assert set(FAULTS) - set(mii.survived) == ({"blackhole in A"} if mode == "active-backup" else set())
