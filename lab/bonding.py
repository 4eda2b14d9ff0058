"""Bonds as a case or a user wants them: on both ends of the wire, with addresses, ready for traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from lab.drivers.base import BondHandle
from lab.drivers.fleet import Fleet
from lab.errors import LabError
from lab.far_side import GROUP as GROUP
from lab.far_side import LACP_MODE, SwitchPorts
from lab.hosts.base import Host
from lab.lacp import LacpEar
from lab.switches.base import GroupPolicy, Lacp, Switch
from lab.topology import Topology
from lab.traffic import Flow, Stream
from lab.waiting import eventually

HOST_IP, PEER_IP, PEER_B_IP = "10.0.0.1", "10.0.0.2", "10.0.0.3"
READY_S = 10.0


class Settling(Protocol):
    """What is used of a cable."""

    def settle(self) -> None:
        """Wait until the devices at both ends see the carrier they must see."""


class Bed(Protocol):
    """What is used of a testbed."""

    @property
    def topology(self) -> Topology: ...

    def cables_of(self, node: str) -> Sequence[Settling]: ...

    def host(self, role: str) -> Host: ...

    def switch(self, role: str) -> Switch: ...


class Bonding:
    """Makes the bonds of one bed: `bonding(mode="active-backup", slaves=2, miimon=100)`.

    Each by the driver of its host. Afterwards `bond` is the one under test, `peer_bond` the one of a peer
    with several NICs, and `peer_interface` where the peer has its address.
    """

    def __init__(self, bed: Bed, drivers: Fleet) -> None:
        self.bed, self.drivers = bed, drivers
        self.bond: BondHandle | None = None
        self.peer_bond: BondHandle | None = None
        self.peer_interface = ""

    def __call__(
        self,
        mode: str = "active-backup",
        slaves: int | Sequence[str] = 2,
        *,
        trunk: bool = True,
        policy: GroupPolicy = "xor-mac",
        lacp: Lacp | None = None,
        peer_options: Mapping[str, object] | None = None,
        ready: bool = True,
        **options: object,
    ) -> BondHandle:
        """bond0 on the host under test: these slaves (the first N NICs, or by name), up, 10.0.0.1/24.

        `options` are the driver's, as its parameters are called. The far side is made ready, too:

        * a switch on which all slaves of a balance-rr, balance-xor or broadcast bond end has their ports in
          the trunk group `po1`; each switch on which slaves of an 802.3ad bond end has theirs in an LACP
          group `po1` (`lacp`, by default active and at the bond's own rate). Neither unless `trunk`; `policy`
          spreads towards the host.
        * a peer on which the cables end gets a bond of the same mode and options (changed by `peer_options`).
          The peer has 10.0.0.2/24, peer_b 10.0.0.3/24.

        Returns when all slaves are up and frames pass; that takes a partner where the other end speaks LACP
        (unless not `ready`). Everything goes with the bed.
        """
        topology = self.bed.topology
        host = self.bed.host("host")
        nics = host.nics[:slaves] if isinstance(slaves, int) else tuple(slaves)
        if isinstance(slaves, int) and len(nics) < slaves:
            raise LabError(f"{topology.name}: {slaves} slaves wanted, {host.name} has {len(host.nics)} NICs")
        wanted = {"mode": mode, **{name: str(value) for name, value in options.items()}}
        far_ends = [topology.far_end(port) for nic in nics for port in topology.slaves if port.name == nic]
        if "peer_b" in topology.roles:
            peer_b = self.bed.host("peer_b")
            _address(peer_b, peer_b.nics[0], PEER_B_IP)
        ports = SwitchPorts(self.bed, far_ends)
        if trunk:
            ports.group(mode, policy, lacp or Lacp(fast=wanted.get("lacp_rate") in ("fast", "1")))
        self._take_down(host)
        peer = self.bed.host("peer")
        with ExitStack() as listening:
            ears: list[LacpEar] = []
            if {end.node for end in far_ends} == {peer.name}:
                far_nics = [end.name for end in far_ends]
                peers = wanted | {name: str(value) for name, value in (peer_options or {}).items()}
                if mode == peers["mode"] == LACP_MODE:
                    ends = (host, nics), (peer, far_nics)
                    ears = [listening.enter_context(LacpEar(*end)) for end in ends]
                self._bond_peer(peer, far_nics, peers)
            else:
                self.peer_interface = peer.nics[0]
                _address(peer, self.peer_interface, PEER_IP)
            self.bond = self._bond(host, nics, wanted, HOST_IP)
            if ready:
                self._wait_ready(ports, ears)
        return self.bond

    def _bond_peer(self, peer: Host, nics: Sequence[str], options: Mapping[str, str]) -> None:
        # The peer's slaves get their carriers one by one as the host's are enslaved. The other way round
        # the host under test would see its own come and go: failures counted, another slave made active.
        self._take_down(peer)
        self.peer_bond = self._bond(peer, nics, options, PEER_IP)
        self.peer_interface = self.peer_bond.name

    def _wait_ready(self, ports: SwitchPorts, ears: Sequence[LacpEar]) -> None:
        """Wait until all slaves are up and frames pass; `ears` hear the two ends that speak LACP first."""
        bonds = [bond for bond in (self.peer_bond, self.bond) if bond]
        with_partner = bool(ears) or ports.speak_lacp
        for bond in bonds:
            if bond.status().ad:
                # After its first slave the driver holds the traffic for 8 s, after an opening it does not.
                bond.set_up(False)
                bond.set_up(True)
        for bond in bonds:
            wait_up(bond, partner=with_partner)
        for ear in ears:
            eventually(ear.all_carry, READY_S, what=f"all that {ear} hears lets frames pass")
        for cable in self.bed.cables_of(self.bed.host("host").name):
            cable.settle()
        ports.wait_forwarding(READY_S)

    def stream(self, direction: str = "out", **changes: object) -> Stream:
        """Probes from the bond to the peer ("out") or back ("in"); `changes` are fields of Flow."""
        if self.bond is None or direction not in ("out", "in"):
            raise LabError('stream("out" or "in") goes over the bond made before by bonded(...)')
        ours = (self.bond.host, self.bond.name, HOST_IP)
        theirs = (self.bed.host("peer"), self.peer_interface, PEER_IP)
        source, target = (ours, theirs) if direction == "out" else (theirs, ours)
        fields: dict[str, object] = {
            "dst_mac": target[0].mac(target[1]),
            "src_ip": source[2],
            "dst_ip": target[2],
            **changes,
        }
        flow = Flow(**fields)  # type: ignore[arg-type]  # the caller's keywords are Flow's
        return Stream((source[0], source[1]), (target[0], target[1]), flow)

    def _bond(self, host: Host, nics: Sequence[str], options: Mapping[str, str], ip: str) -> BondHandle:
        bond = self.drivers.of(host).create(host, "bond0", options)
        # As the HOWTO's initscripts do: the bond up with its address first, then its slaves.
        _address(host, bond.name, ip)
        for nic in nics:
            bond.enslave(nic)
        return bond

    def _take_down(self, host: Host) -> None:
        """Bring all NICs down and wait until their far ends know.

        The driver wants slaves-to-be down; one left over would answer ARP for the bond's address, too.
        """
        host.run(["ip", "-batch", "-"], text_in="".join(f"link set dev {nic} down\n" for nic in host.nics))
        for cable in self.bed.cables_of(host.name):
            cable.settle()


def wait_up(bond: BondHandle, within: float = READY_S, *, partner: bool = False) -> None:
    """Wait until all slaves of the bond are up, and one is active where the mode has an active one.

    In mode 802.3ad, until an aggregator is active, with `partner` one that has a partner.
    """

    def up() -> str:
        view = bond.status()
        waiting = [f"{slave.name} {slave.mii_status}" for slave in view.slaves if slave.mii_status != "up"]
        if view.mode == "active-backup" and view.active is None:
            waiting.append("no active slave")
        if view.ad and view.ad.aggregator is None:
            waiting.append("no active aggregator")
        elif view.ad and view.ad.aggregator and partner and not view.ad.aggregator.has_partner:
            waiting.append("no LACP partner")
        return ", ".join(waiting)

    eventually(up, within, until=lambda waiting: not waiting, what=f"{bond.host.name}: {bond.name} ready")


def _address(host: Host, interface: str, ip: str) -> None:
    host.run(["ip", "link", "set", "dev", interface, "up"])
    host.run(["ip", "address", "replace", f"{ip}/24", "dev", interface])
