"""What is done to a bond many times over, and what of it is measured on the wire. All in ms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import topologies
from lab import frames
from lab.bonding import HOST_IP, PEER_IP, Bonding, wait_up
from lab.capture import Capture
from lab.drivers.base import BondHandle
from lab.drivers.fleet import Fleet
from lab.faults import Blackhole, CablePull
from lab.hosts.uml.guest import Guests
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.under_test import DriverName, as_tested
from lab.waiting import eventually
from testcases.lacp_partner import lacp_loss
from testcases.lacpdus import carrying, told
from testcases.slaves import cable_of
from testcases.wire import Wire

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Rig:
    """A bond in its lab."""

    bed: Testbed
    bonding: Bonding
    bond: BondHandle
    wire: Wire

    @property
    def active(self) -> str:
        """The active slave; there is one."""
        return eventually(lambda: self.bond.status().active or "", PATIENCE_S, what="an active slave")


Measure = Callable[[Rig], list[float]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table: `once` is done again and again, and gives one figure or several."""

    name: str
    mode: str
    once: Measure
    options: Mapping[str, object]
    topology: str = "single_switch"


@contextmanager
def rig(scenario: Scenario, driver: DriverName, guests: Guests) -> Iterator[Rig]:
    """The scenario's bond, up, on that driver."""
    topology = as_tested(topologies.build(scenario.topology), driver)
    with Testbed.build(topology, new_directory(), guests) as bed:
        for cable in bed.cables.values():
            cable.settle()
        with Capture.start(bed.cables.values()) as capture:
            bonding = Bonding(bed, Fleet(bed, "6.x"))
            bond = bonding(scenario.mode, **scenario.options)  # type: ignore[arg-type]  # the driver's options
            yield Rig(bed, bonding, bond, Wire(bed, capture))


def _outage(fault: type[CablePull] | type[Blackhole], direction: str) -> Measure:
    """How long a stream is interrupted when the active slave's cable has the fault."""

    def once(rig: Rig) -> list[float]:
        nic = rig.active
        with rig.bonding.stream(direction, rate_pps=1000) as stream:
            stream.wait_flowing()
            with fault(rig.bed, cable_of(rig.bed, nic)):
                eventually(lambda: rig.active != nic, PATIENCE_S, what=f"{nic} is left")
                stream.wait_flowing(PATIENCE_S)
                report = stream.report()
        wait_up(rig.bond, PATIENCE_S)
        return [report.outage_ms]

    return once


def _member_loss(rig: Rig) -> list[float]:
    """From the loss of all LACPDUs on a link to the bond's leaving it."""
    rig.wire.mark()
    with lacp_loss(rig.bed, cable_of(rig.bed, "eth1")) as loss:
        left = eventually(lambda: _left(rig.wire, "eth1"), PATIENCE_S, what="eth1 is left")
    rig.wire.mark()
    eventually(carrying(rig.wire, ("eth0", "eth1")), PATIENCE_S, what="both ports carry")
    return [(left - loss.at) * 1e3]


def _left(wire: Wire, nic: str) -> float:
    """When the host told that it does not use the port any more; 0 when it has not."""
    return next((pdu.at_s for pdu in told(wire, nic) if not pdu.carries), 0.0)


def _failover(rig: Rig) -> list[float]:
    """Times of the gratuitous ARPs by the new active slave after a cable pull, in seconds."""
    nic = rig.active
    rig.wire.mark()
    with CablePull(rig.bed, cable_of(rig.bed, nic)):
        new = eventually(lambda: rig.active, PATIENCE_S, until=lambda name: name != nic)
        with rig.bonding.stream("out", rate_pps=100) as stream:
            stream.run(0.6)  # rounds come every 100 ms
        times = [seen.at_s for seen in rig.wire.left_by(new, lambda f: frames.is_gratuitous_arp(f, HOST_IP))]
    wait_up(rig.bond, PATIENCE_S)
    return times


def _count(rig: Rig) -> list[float]:
    return [float(len(_failover(rig)))]


def _spacing(rig: Rig) -> list[float]:
    return _intervals(_failover(rig))


def _probe_period(rig: Rig) -> list[float]:
    rig.wire.mark()
    asked = _asked(rig)
    return _intervals(eventually(asked, PATIENCE_S, until=lambda times: len(times) > 2, what="three probes"))


def _asked(rig: Rig) -> Callable[[], list[float]]:
    return lambda: [seen.at_s for seen in rig.wire.left_by(rig.active, frames.is_arp_request)]


def _lacp_period(rig: Rig) -> list[float]:
    rig.wire.mark()
    pdus = eventually(lambda: told(rig.wire, "eth0"), PATIENCE_S, until=lambda found: len(found) > 1)
    return _intervals([pdu.at_s for pdu in pdus])


def _intervals(times_s: list[float]) -> list[float]:
    return [(later - earlier) * 1e3 for earlier, later in pairwise(times_s)]


_MII: Mapping[str, object] = {"miimon": 100}
_ARP: Mapping[str, object] = {"arp_interval": 100, "arp_ip_target": PEER_IP}
_LACP: Mapping[str, object] = {"miimon": 100, "lacp_rate": "fast"}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("outage, cable pull, miimon=100", "active-backup", _outage(CablePull, "out"), _MII),
    Scenario("outage, silent cable, arp_interval=100", "active-backup", _outage(Blackhole, "out"), _ARP),
    Scenario("outage outwards, cable pull, miimon=100", "balance-tlb", _outage(CablePull, "out"), _MII),
    Scenario("outage inwards, cable pull, miimon=100", "balance-tlb", _outage(CablePull, "in"), _MII),
    Scenario("outage inwards, cable pull, miimon=100", "balance-alb", _outage(CablePull, "in"), _MII),
    Scenario("LACPDUs lost, fast rate: link left", "802.3ad", _member_loss, _LACP, "lacp_switch:ovs"),
    Scenario("gratuitous ARPs, num_grat_arp=3", "active-backup", _count, {**_MII, "num_grat_arp": 3}),
    Scenario("between gratuitous ARPs", "active-backup", _spacing, {**_MII, "num_grat_arp": 4}),
    Scenario("between ARP probes, arp_interval=100", "active-backup", _probe_period, _ARP),
    Scenario("between LACPDUs, fast rate", "802.3ad", _lacp_period, _LACP, "lacp_switch:ovs"),
)
