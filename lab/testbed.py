"""A topology made real with Mininet nodes, software switches and patch cables."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lab import sandbox
from lab.cables import Panel, PatchCable
from lab.errors import LabBroken, TopologyError
from lab.hosts.namespace import NamespaceHost
from lab.hosts.uml.guest import Guests
from lab.hosts.uml.host import UmlHost
from lab.interfaces import Interfaces
from lab.linkwatch import LinkWatcher
from lab.nft import NftThread
from lab.nodes import LabLink, LabNode, kill_inhabitants, log_directory, namespaces_of, new_net, quiet
from lab.switches.bridge import BridgeSwitch
from lab.switches.ovs import OvsSwitch
from lab.switches.uml import UmlSwitch
from lab.timeline import Timeline
from lab.topology import Host, Port, Switch, Topology
from lab.undo import UndoStack
from lab.wiring import hardware_addresses, lay_cables, send_whole_checksums, switch_on

PATCH = "patch"

LabHost = NamespaceHost | UmlHost
SoftwareSwitch = BridgeSwitch | OvsSwitch | UmlSwitch
T = TypeVar("T")


class Testbed:
    """Hosts, switches and cables by name or role. Make one with `build`; `close` leaves nothing of it.

    `net` is the Mininet of it, good for `mininet.cli.CLI(bed.net)`. NICs are up and have no address.
    """

    __test__ = False  # not a test class of pytest

    def __init__(self, topology: Topology, run_dir: Path, guests: Guests | None = None) -> None:
        self.topology = topology
        self.run_dir = run_dir
        self.undo = UndoStack()
        if guests is None:
            guests = Guests(run_dir)
            self.undo.push("guests", guests.close)
        self._guests = guests
        self.timeline = Timeline()
        self.net: Any = new_net()
        self.hosts: dict[str, LabHost] = {}
        self.switches: dict[str, SoftwareSwitch] = {}
        self.cables: dict[str, PatchCable] = {}
        self._namespaces: set[str] = set()

    @classmethod
    def build(cls, topology: Topology, run_dir: Path, guests: Guests | None = None) -> Testbed:
        """Realise `topology`; files of its processes go to `run_dir`. Raises LabBroken, LabError.

        Its User-Mode Linux guests are taken from `guests`, or booted for it alone.
        """
        if not sandbox.inside():
            raise LabBroken("a testbed is built in a sandbox only: python -m lab.sandbox CMD")
        bed = cls(topology, run_dir, guests)
        try:
            bed._build()
        except BaseException:
            bed.close()
            raise
        return bed

    def host(self, role: str) -> LabHost:
        """The host in this role (or of this name). Raises TopologyError."""
        return self._find(self.hosts, role, "host")

    def switch(self, role: str) -> SoftwareSwitch:
        """The switch in this role. Raises TopologyError."""
        return self._find(self.switches, role, "switch")

    def cable(self, role: str) -> PatchCable:
        """The cable in this role. Raises TopologyError."""
        return self._find(self.cables, role, "cable")

    def slave_cable(self, number: int) -> PatchCable:
        """The cable in NIC `number` (from 0) of the host under test."""
        return self.cables[self.topology.cable_at(self.topology.slaves[number]).name]

    def cables_of(self, node: str) -> tuple[PatchCable, ...]:
        """The cables at the node of this name or role."""
        name = self.topology.role(node)
        return tuple(cable for cable in self.cables.values() if name in (cable.a.node, cable.b.node))

    def close(self) -> None:
        """Undo everything. Raises ExceptionGroup of what failed."""
        self.undo.unwind()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _build(self) -> None:
        # Undone last to first: inhabitants die, threads end, descriptors close, and the namespaces vanish.
        log_dir = log_directory(self.run_dir)
        nodes = [self._add_node(host.name, self.net.addHost, ip=None) for host in self.topology.hosts]
        nodes += [
            self._add_node(switch.name, self.net.addSwitch, inNamespace=True, dpid=f"{number:x}")
            for number, switch in enumerate(self.topology.switches, start=1)
        ]
        patch = self._add_node(PATCH, self._add_patch)
        watcher = LinkWatcher()
        self.undo.push("link watcher, if building fails", watcher.close)
        nft = NftThread(patch.pid)
        self.undo.push("patch panel's nft", nft.close)
        panel = Panel(patch.pid, Interfaces(patch.pid), nft)
        self.undo.push("patch panel's interfaces", panel.interfaces.close)
        quiet(patch.pid)
        by_name = {node.name: node for node in nodes}
        for host in self.topology.hosts:
            made = self._new_host(host, by_name[host.name], log_dir)
            self.hosts[host.name] = made
            self.undo.push(f"host {host.name}", made.close)
        for switch in self.topology.switches:
            one = self._new_switch(switch, by_name[switch.name], watcher, log_dir)
            self.switches[switch.name] = one
            self.undo.push(f"switch {switch.name}", one.close)
        devices = {name: host.outer for name, host in self.hosts.items()}
        devices |= {name: switch.interfaces for name, switch in self.switches.items()}
        self.cables = lay_cables(self.topology, panel, devices, watcher)
        send_whole_checksums(self.topology, devices)
        for one in self.switches.values():
            one.assemble()
        for guest in (*self.hosts.values(), *self.switches.values()):
            if isinstance(guest, UmlHost | UmlSwitch):
                guest.plug_in(self.cables.values(), panel, watcher)
        watcher.watch(patch.pid)
        switch_on(self.topology, devices, self.cables)
        for pid in {device.pid for device in devices.values()}:
            watcher.watch(pid)
        self._tell_mininet(by_name)
        # Before what its reactions use is closed.
        self.undo.push("link watcher", watcher.close)
        self.undo.push("inhabitants", lambda: kill_inhabitants(frozenset(self._namespaces)))
        self.timeline.note("lab", f"{self.topology.name}: built")

    def _new_host(self, host: Host, node: Any, log_dir: Path) -> LabHost:
        if host.kind == "uml":
            return self._new_guest(host.name, host.nics, node, log_dir)
        return NamespaceHost(node, host.nics, log_dir)

    def _new_switch(self, switch: Switch, node: Any, watcher: LinkWatcher, log_dir: Path) -> SoftwareSwitch:
        if switch.kind == "ovs":
            return OvsSwitch(node, switch.ports, self.run_dir, log_dir)
        if switch.kind == "uml":
            return UmlSwitch(self._new_guest(switch.name, switch.ports, node, log_dir))
        return BridgeSwitch(node, switch.ports, watcher, self.run_dir, log_dir)

    def _new_guest(self, name: str, nics: tuple[str, ...], node: Any, log_dir: Path) -> UmlHost:
        addresses = hardware_addresses(self.topology)
        return UmlHost(node, {nic: addresses[Port(name, nic)] for nic in nics}, self._guests, log_dir)

    def _add_node(self, name: str, add: Any, **options: Any) -> Any:
        node = add(name, **options)
        self.undo.push(f"node {name}", node.terminate)
        self._namespaces |= namespaces_of(node.pid)
        return node

    def _add_patch(self, name: str) -> LabNode:
        node = LabNode(name)
        self.net.nameToNode[name] = node
        return node

    def _tell_mininet(self, nodes: dict[str, Any]) -> None:
        addresses = hardware_addresses(self.topology)
        for cable in self.topology.cables:
            self.net.addLink(
                nodes[cable.a.node],
                nodes[cable.b.node],
                cls=LabLink,
                intfName1=cable.a.name,
                intfName2=cable.b.name,
                addr1=addresses[cable.a],
                addr2=addresses[cable.b],
            )
        self.net.built = True

    def _find(self, things: dict[str, T], role: str, kind: str) -> T:
        name = self.topology.role(role)
        if name not in things:
            raise TopologyError(f"{self.topology.name}: {role} ({name}) is no {kind}")
        return things[name]
