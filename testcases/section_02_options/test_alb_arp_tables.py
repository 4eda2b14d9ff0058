"""Mode balance-alb as the ARP tables of real peers show it (HOWTO section 2, `mode`)."""

from __future__ import annotations

import json
from functools import partial

from lab import frames
from lab.cases import (
    HOST_IP,
    PEER_B_IP,
    PEER_IP,
    BondHandle,
    Bonding,
    Testbed,
    eventually,
    needs,
    never,
    send_frames,
)
from lab.faults import CablePull
from lab.hosts.base import Host
from testcases.neighbours import DEAL_S, NOWHERE_IP, nic_of, wait_dealt
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

FOUR = ("eth0", "eth1", "eth2", "eth3")
LOCKED_S = 1.2
"""A kernel believes no second address for a peer within a second of the first (locktime)."""
UPDATE_S = 5.0
"""From an ARP request of the host to the updates of its peers (the catalogue's)."""


def held(station: Host) -> str:
    """The hardware address that the station's kernel has for the bond; empty without any."""
    argv = ["ip", "-j", "neighbour", "show", "to", HOST_IP, "dev", station.nics[0]]
    entries = json.loads(station.run(argv).stdout or "[]")
    return "".join(entry.get("lladdr", "") for entry in entries)


def reaches(station: Host, bond: BondHandle, wire: Wire) -> str:
    """The slave by which a ping of the station's arrives, as its ARP table has it."""
    wire.mark()
    station.run(["ping", "-c", "1", "-W", "2", HOST_IP])
    own = station.mac(station.nics[0])

    def is_ping(frame: bytes) -> bool:
        return frames.src_mac(frame) == own and frames.ethertype(frame) == frames.ETH_IP

    (nic,) = wire.arrivals(is_ping)
    assert nic_of(bond, *FOUR)[held(station)] == nic
    return nic


def move(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """What the cases below do."""
    bond = bonded("balance-alb", slaves=4, miimon=100)
    wait_dealt(wire, FOUR)
    stations = [bed.host("peer"), bed.host("peer_b")]
    for one, ip in zip(stations, (PEER_IP, PEER_B_IP), strict=True):  # so that the host asks for neither
        known = [ip, "lladdr", one.mac(one.nics[0]), "nud", "permanent"]
        bond.host.run(["ip", "neighbour", "replace", *known, "dev", bond.name])
    by = [reaches(station, bond, wire) for station in stations]
    assert len(set(by)) == 2
    active, bond_mac = bond.status().active, bond.host.mac(bond.name)
    station, nic = next((one, by_nic) for one, by_nic in zip(stations, by, strict=True) if by_nic != active)
    told, has = held(station), partial(held, station)
    never(lambda: held(station) != told, during=LOCKED_S, what="the peer is told anew", every=0.1)
    send_frames(bond.host, bond.name, [frames.arp_request(bond_mac, HOST_IP, NOWHERE_IP)])
    eventually(has, 1.0, until=lambda mac: mac == bond_mac, what="the request has told the peer", every=0.05)
    eventually(has, UPDATE_S, until=lambda mac: mac == told, what="the update has told it again", every=0.05)
    assert reaches(station, bond, wire) == nic
    with CablePull(bed, cable_of(bed, nic)):
        link_goes(bond, nic, "down")
        eventually(has, DEAL_S, until=lambda mac: mac != told, what="it is told another slave", every=0.05)
        assert reaches(station, bond, wire) != nic


@needs(slaves=4, meeting=True, switch=True, roles=("peer_b",), once=True)
def test_the_arp_tables_of_peers_move(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: two stations ping the bond; the host asks for somebody else by ARP; then the slave that one of
    the stations holds, not the active one, fails.

    Verify: their kernels' tables hold different slaves, by which the pings arrive. After the request that
    station holds the bond's address, and within seconds its slave's again; after the failure another one's.
    """
    move(bed, bonded, wire)


@needs(slaves=4, roles=("peer_b",), traits=("kernel-arp",))
def test_the_arp_table_of_another_kernel_moves(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps, verify: as above; one of the stations has a kernel of its own."""
    move(bed, bonded, wire)
