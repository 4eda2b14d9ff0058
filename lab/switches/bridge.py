"""A switch that is a Linux bridge in a namespace of its own, with static trunk groups."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lab.errors import LabBroken, LabError
from lab.interfaces import Interfaces
from lab.linkwatch import LinkState, LinkWatcher
from lab.nft import NftThread
from lab.nodes import ip_batch, quiet, run_in
from lab.switches import kernel_bridge
from lab.switches.base import GroupPolicy, Lacp, LacpPort, Learned, PortCounters
from lab.switches.checks import BRIDGE, check_group, check_port
from lab.switches.lacp_groups import HASH, LacpGroups
from lab.switches.trunk import SPREAD, inner_end, new_table, table_of, wire
from lab.waiting import TimeOut, eventually

FIRST_GROUP_INDEX = 5000
SETTLE_S = 2.0


@dataclass
class _Group:
    """A trunk group: its members in order, and those that have a carrier."""

    ports: tuple[str, ...]
    policy: GroupPolicy
    active: list[str]
    subscriptions: list[tuple[int, Callable[[LinkState], None]]] = field(default_factory=list)


class BridgeSwitch:
    """A learning switch without IGMP snooping or addresses of its own; spanning tree when asked for.

    As any bridge it swallows what is addressed to 01:80:c2:00:00:0X, LACPDUs among it, but has bondimpl speak
    LACP on the ports of an LACP group.
    """

    def __init__(
        self, node: Any, ports: tuple[str, ...], watcher: LinkWatcher, run_dir: Path, log_dir: Path
    ) -> None:
        self.name: str = node.name
        self.ports = ports
        self.node = node
        self.pid: int = node.pid
        self.interfaces = Interfaces(self.pid)
        self._watcher = watcher
        self._groups: dict[str, _Group] = {}
        self._indices = itertools.count(FIRST_GROUP_INDEX)
        self._nft: NftThread | None = None
        self._lacp: LacpGroups | None = None
        self._directories = run_dir, log_dir
        self._lock = threading.RLock()
        self._spanning_tree = False
        self._run = partial(run_in, self.pid)
        quiet(self.pid)

    def assemble(self) -> None:
        """Make the bridge of the ports, which the cables have made. Raises LabError."""
        kernel_bridge.new_bridge(self._run, self.ports)

    def group(
        self, name: str, ports: Sequence[str], policy: GroupPolicy = "xor-mac", lacp: Lacp | None = None
    ) -> None:
        """Make a trunk group of `ports`: static, or with `lacp` an 802.3ad aggregation.

        `policy` spreads frames towards the host; "round-robin" is for static groups only. Members without a
        carrier, or with LACP without a partner, take no part. Raises LabError.
        """
        check_group(self, self.groups, name, ports, lacp)
        known = HASH if lacp else SPREAD
        if policy not in known:
            raise LabError(f"{self.name}: no policy {policy!r} for this group; there are: {', '.join(known)}")
        if lacp:
            self._lacp = self._lacp or LacpGroups(self.node, self.ports, *self._directories)
            self._lacp.add(name, ports, policy, lacp)
            return
        nft = self._nft = self._nft or NftThread(self.pid)
        inner = inner_end(name)
        with self._lock:
            ip_batch(
                self.pid,
                (
                    f"link add name {name} index {next(self._indices)} type veth "
                    f"peer name {inner} index {next(self._indices)}",
                    *(f"link set dev {port} nomaster" for port in ports),
                    f"link set dev {name} up master {BRIDGE}",
                ),
            )
            nft.run(new_table(name, ports))
            group = _Group(tuple(ports), policy, [port for port in ports if self.interfaces.carrier(port)])
            self._groups[name] = group
            self._rewire(name)
        for port in ports:
            index = self.interfaces.index(port)
            callback = partial(self._member_changed, name, port)
            group.subscriptions.append((index, callback))
            self._watcher.subscribe(self.pid, index, callback)
        # A member that changed just before we listened would be missed: look once more.
        for port in ports:
            self._member_changed(name, port)
        self._settle(name)

    def ungroup(self, name: str) -> None:
        """Dissolve a trunk group; its ports are plain ports again. Raises LabError."""
        if self._lacp and name in self._lacp.ports:
            self._lacp.remove(name)
            return
        with self._lock:
            group = self._static(name)
            del self._groups[name]
            assert self._nft is not None
            for index, callback in group.subscriptions:
                self._watcher.unsubscribe(self.pid, index, callback)
            self._nft.run(f"delete table {table_of(name)}")
            ip_batch(
                self.pid,
                (f"link del dev {name}", *(f"link set dev {port} master {BRIDGE}" for port in group.ports)),
            )

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each trunk group, by its name, whether they take part or not."""
        return {**{name: group.ports for name, group in self._groups.items()}, **self._lacp_groups}

    def members(self, name: str) -> tuple[str, ...]:
        """The members of a group that take part at present. Raises LabError."""
        if self._lacp and name in self._lacp.ports:
            return self._lacp.members(name)
        with self._lock:
            return tuple(self._static(name).active)

    def lacp_ports(self, name: str) -> tuple[LacpPort, ...]:
        """The switch's own view of each port of an LACP group. Raises LabError."""
        if self._lacp and name in self._lacp.ports:
            return self._lacp.views(name)
        self._static(name)
        raise LabError(f"{self.name}: {name} is no LACP group")

    def forwards(self, port: str) -> bool:
        """Whether frames pass the port (for a member of a group: whether it takes part). Raises LabError."""
        check_port(self, port)
        for name, ports in self._lacp_groups.items():
            if port in ports:
                return port in self.members(name)
        with self._lock:
            for name, group in self._groups.items():
                if port in group.ports:
                    # Without spanning tree the group forwards as soon as it has a member.
                    settled = not self._spanning_tree or kernel_bridge.port_forwards(self._run, name)
                    return port in group.active and settled
        return kernel_bridge.port_forwards(self._run, port)

    def spanning_tree(self, on: bool) -> None:
        """Switch spanning tree on or off: a port that comes up listens for 2 s, then learns for 2 s.

        Ports that forward go on; when it is switched off, those on their way still take their time.
        """
        kernel_bridge.set_spanning_tree(self._run, on)
        self._spanning_tree = on

    def vlan(self, port: str, access: int | None = None, trunk: Sequence[int] = ()) -> None:
        """Raises LabError: not every kernel's bridge can do that. Open vSwitch can."""
        raise LabError(f"{self.name}: the bridge switch knows no VLANs: take a switch of kind ovs")

    def counters(self, port: str) -> PortCounters:
        """What the port has received and sent. Raises LabError."""
        check_port(self, port)
        return kernel_bridge.port_counters(self._run, port)

    def port_admin(self, port: str, up: bool) -> None:
        """Enable or disable a port; the far end of its cable sees the carrier follow (about 1 ms later)."""
        check_port(self, port)
        self.interfaces.set_up(port, up)

    def mac_table(self) -> tuple[Learned, ...]:
        """The learned addresses (not the switch's own)."""
        return tuple(kernel_bridge.learned(self._run))

    def flush(self) -> None:
        """Forget all learned addresses."""
        kernel_bridge.flush(self._run)

    def close(self) -> None:
        """Let go of the namespace; what runs in it ends."""
        if self._lacp:
            self._lacp.close()
        if self._nft:
            self._nft.close()
        self.interfaces.close()

    @property
    def _lacp_groups(self) -> Mapping[str, tuple[str, ...]]:
        return self._lacp.ports if self._lacp else {}

    def _static(self, name: str) -> _Group:
        if name not in self._groups:
            there = ", ".join((*self._groups, *self._lacp_groups)) or "none"
            raise LabError(f"{self.name}: no group {name}; there are: {there}")
        return self._groups[name]

    def _member_changed(self, name: str, port: str, _state: LinkState | None = None) -> None:
        """Ask for the carrier itself: it is never older than the event."""
        with self._lock:
            group = self._groups.get(name)
            if group is None:
                return
            carrier = self.interfaces.carrier(port)
            if carrier != (port in group.active):
                group.active = [p for p in group.ports if (carrier if p == port else p in group.active)]
                self._rewire(name)

    def _rewire(self, name: str) -> None:
        group = self._groups[name]
        assert self._nft is not None
        self._nft.run(wire(name, group.ports, group.active, group.policy))
        # Without members the group port has no carrier, and the bridge forgets what it learned there.
        self.interfaces.set_up(inner_end(name), bool(group.active))

    def _settle(self, name: str) -> None:
        try:
            eventually(
                lambda: self.interfaces.ready(name) == bool(self.members(name)),
                within=SETTLE_S,
                what=f"{self.name}: carrier of the group {name}",
                every=0.0005,
            )
        except TimeOut as error:
            raise LabBroken(str(error)) from error
