"""Routes over slaves beside the bond's own, and datagrams that the host's stack sends by them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from lab import frames
from lab.cases import PEER_IP, BondHandle, Testbed, eventually
from lab.faults import RouteConflict
from testcases.neighbours import addresses
from testcases.wire import Wire

NETWORK = "10.0.0.0/24"
PORT = 9009
PEERS = addresses(8)
"""MAC and IP of peers that do not answer; every stack of the host has been told where they are."""
LEFT_S = 2.0


def is_datagram(frame: bytes) -> bool:
    """Whether it is one that `datagrams` has sent."""
    if frames.ethertype(frame) != frames.ETH_IP:
        return False
    return frame[23] == 17 and frame[36:38] == PORT.to_bytes(2, "big")


def introduce(bond: BondHandle, interfaces: Sequence[str], peers: Mapping[str, str] = PEERS) -> None:
    """Write the peers (MAC and IP) into the neighbour table, for each of these interfaces."""
    lines = [
        f"neighbour replace {ip} lladdr {mac} nud permanent dev {interface}\n"
        for interface in interfaces
        for mac, ip in peers.items()
    ]
    bond.host.run(["ip", "-batch", "-"], text_in="".join(lines))


def conflict(bed: Testbed, slaves: Sequence[str], network: str = NETWORK) -> RouteConflict:
    """The table of section 9.1: a network of the peer's by these slaves and by the bond, in that order."""
    return RouteConflict(bed, bed.host("host"), network, slaves, PEER_IP)


def routed_by(bond: BondHandle) -> set[str]:
    """The interfaces that the host's routing tables name, IPv6 included, beside the loopback."""
    found = set()
    for family in ("-4", "-6"):
        shown = bond.host.run(["ip", family, "-j", "route", "show", "table", "all"]).stdout
        found |= {str(route["dev"]) for route in json.loads(shown or "[]") if "dev" in route}
    return found - {"lo"}


def asked_by_the_bond(bond: BondHandle) -> bool:
    """Whether the stack finds the peer when it asks by the bond, whatever routes say: its neighbour there."""
    bond.host.run(["ip", "neighbour", "flush", "to", PEER_IP])
    bond.host.run(["ping", "-c", "1", "-W", "1", "-I", bond.name, PEER_IP], check=False)
    return "lladdr" in bond.host.run(["ip", "neighbour", "show", "to", PEER_IP, "dev", bond.name]).stdout


def datagrams(bond: BondHandle) -> None:
    """The host's stack sends one to each of the peers."""
    lines = [f"echo >/dev/udp/{ip}/{PORT}\n" for ip in PEERS.values()]
    bond.host.run(["bash"], text_in="".join(lines))


def carriers(bond: BondHandle, wire: Wire, copies: int = 1) -> dict[str, int]:
    """The NICs by which a datagram to each of the peers leaves, and how many."""
    wire.mark()
    datagrams(bond)
    return eventually(
        lambda: wire.shares(is_datagram),
        LEFT_S,
        until=lambda shares: sum(shares.values()) == copies * len(PEERS),
        what="the datagrams leave",
    )
