"""Bonds as a case or a user wants them: on both ends of the wire, with addresses, ready for traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from lab.drivers.base import BondDriver, BondHandle
from lab.errors import LabError
from lab.hosts.base import Host
from lab.switches.base import GroupPolicy, Switch
from lab.topology import Port, Topology
from lab.traffic import Flow, Stream
from lab.waiting import eventually

HOST_IP, PEER_IP, PEER_B_IP = "10.0.0.1", "10.0.0.2", "10.0.0.3"
GROUPED_MODES = ("balance-rr", "balance-xor", "broadcast")
GROUP = "po1"
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

    Afterwards `bond` is the one under test, `peer_bond` the one of a peer with several NICs, and
    `peer_interface` where the peer has its address.
    """

    def __init__(self, bed: Bed, driver: BondDriver) -> None:
        self.bed, self.driver = bed, driver
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
        peer_options: Mapping[str, object] | None = None,
        ready: bool = True,
        **options: object,
    ) -> BondHandle:
        """bond0 on the host under test: these slaves (the first N NICs, or by name), up, 10.0.0.1/24.

        `options` are the driver's, as its parameters are called. The far side is made ready, too: a switch on
        which all slaves of a balance-rr, balance-xor or broadcast bond end has their ports in the trunk group
        `po1` (unless not `trunk`; `policy` spreads towards the host); a peer on which the cables end gets a
        bond of the same mode and options (changed by `peer_options`). The peer has 10.0.0.2/24, peer_b
        10.0.0.3/24. Returns when all slaves are up (unless not `ready`). Everything goes with the bed.
        """
        topology = self.bed.topology
        host = self.bed.host("host")
        nics = host.nics[:slaves] if isinstance(slaves, int) else tuple(slaves)
        if isinstance(slaves, int) and len(nics) < slaves:
            raise LabError(f"{topology.name}: {slaves} slaves wanted, {host.name} has {len(host.nics)} NICs")
        wanted = {"mode": mode, **{name: str(value) for name, value in options.items()}}
        far_ends = [topology.far_end(port) for nic in nics for port in topology.slaves if port.name == nic]
        far_nodes = {end.node for end in far_ends}
        if "peer_b" in topology.roles:
            peer_b = self.bed.host("peer_b")
            _address(peer_b, peer_b.nics[0], PEER_B_IP)
        is_switch = far_nodes <= {switch.name for switch in topology.switches}
        if trunk and mode in GROUPED_MODES and is_switch and len(far_nodes) == 1 and len(nics) > 1:
            self.bed.switch(far_ends[0].node).group(GROUP, [end.name for end in far_ends], policy)
        self._take_down(host)
        peer = self.bed.host("peer")
        if far_nodes == {peer.name}:
            # The peer's slaves get their carriers one by one as the host's are enslaved. The other way round
            # the host under test would see its own come and go: failures counted, another slave made active.
            changed = {name: str(value) for name, value in (peer_options or {}).items()}
            self._take_down(peer)
            self.peer_bond = self._bond(peer, [end.name for end in far_ends], {**wanted, **changed}, PEER_IP)
            self.peer_interface = self.peer_bond.name
        else:
            self.peer_interface = peer.nics[0]
            _address(peer, self.peer_interface, PEER_IP)
        self.bond = self._bond(host, nics, wanted, HOST_IP)
        if ready:
            for bond in filter(None, (self.bond, self.peer_bond)):
                wait_up(bond)
        if ready:
            self._wait_forwarding(far_ends)
        return self.bond

    def _wait_forwarding(self, far_ends: Sequence[Port]) -> None:
        """Wait until frames pass: with all slaves up, ports of switches may not forward yet."""
        for cable in self.bed.cables_of(self.bed.host("host").name):
            cable.settle()
        switches = {switch.name for switch in self.bed.topology.switches}
        for end in (end for end in far_ends if end.node in switches):
            eventually(
                partial(self.bed.switch(end.node).forwards, end.name), READY_S, what=f"{end} forwards frames"
            )

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
        bond = self.driver.create(host, "bond0", options)
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


def wait_up(bond: BondHandle, within: float = READY_S) -> None:
    """Wait until all slaves of the bond are up, and one is active where the mode has an active one."""

    def up() -> str:
        view = bond.status()
        waiting = [f"{slave.name} {slave.mii_status}" for slave in view.slaves if slave.mii_status != "up"]
        if view.mode == "active-backup" and view.active is None:
            waiting.append("no active slave")
        return ", ".join(waiting)

    eventually(up, within, until=lambda waiting: not waiting, what=f"{bond.host.name}: {bond.name} ready")


def _address(host: Host, interface: str, ip: str) -> None:
    host.run(["ip", "link", "set", "dev", interface, "up"])
    host.run(["ip", "address", "replace", f"{ip}/24", "dev", interface])
