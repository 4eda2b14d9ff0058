"""A switch that is Open vSwitch in a namespace of its own: static trunk groups, and LACP of its own make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab.errors import LabBroken, LabError
from lab.interfaces import Interfaces
from lab.netns import in_namespace
from lab.nodes import quiet, run_in
from lab.switches.base import VLANS, GroupPolicy, Lacp, LacpPort, Learned, PortCounters
from lab.switches.checks import BRIDGE, check_group, check_port
from lab.switches.kernel_bridge import port_counters
from lab.switches.ovs_daemons import WITHIN_S, Command, Daemons
from lab.switches.ovs_text import enabled_members, forwarding, lacp_ports, learned
from lab.sysctl import set_sysctls
from lab.waiting import TimeOut, eventually

# Open vSwitch takes hashes, of the source address or, with LACP only, of addresses and ports of all layers.
BALANCE = {"xor-mac": "balance-slb", "xor-ip": "balance-tcp"}

# By default a static group takes broadcasts by one of its members only, and moves flows every ten seconds.
STEADY = ("other_config:all-members-active=true", "other_config:bond-rebalance-interval=0")

SPARE = 1000
"""Added to a port's number: the number of the spare interface beside it."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A trunk group. `bundles` are Open vSwitch's aggregates: one, and one more for each key of a port."""

    ports: tuple[str, ...]
    lacp: Lacp | None
    bundles: dict[str, list[str]]


class OvsSwitch:
    """A learning switch without IGMP snooping or addresses of its own; spanning tree when asked for.

    It swallows what is addressed to 01:80:c2:00:00:0X, but speaks LACP on the ports of an LACP group. Ports
    are numbered from 1 in the order of `ports`. Its daemons have their files in a directory below `run_dir`.
    """

    def __init__(self, node: Any, ports: tuple[str, ...], run_dir: Path, log_dir: Path) -> None:
        self.name: str = node.name
        self.ports = ports
        self.node = node
        self.pid: int = node.pid
        self.interfaces = Interfaces(self.pid)
        self._daemons = Daemons(self.name, self.pid, run_dir, log_dir)
        self._groups: dict[str, _Group] = {}
        self._rstp = False
        quiet(self.pid)
        # The kernel hears the frames of the ports, too: it must not answer ARP on their behalf.
        in_namespace(self.pid, lambda: set_sysctls({"net/ipv4/conf/all/arp_ignore": "1"}))

    def assemble(self) -> None:
        """Make the switch of the ports, which the cables have made. Raises LabBroken, LabError."""
        self._daemons.start()
        self._daemons.change(
            ("add-br", BRIDGE),
            ("set", "Bridge", BRIDGE, "datapath_type=netdev", "fail_mode=standalone"),
            *self._plain(self.ports),
        )

    def group(
        self, name: str, ports: Sequence[str], policy: GroupPolicy = "xor-mac", lacp: Lacp | None = None
    ) -> None:
        """Make a trunk group of `ports`: static, or with `lacp` an 802.3ad aggregation.

        Towards the host frames are spread by a hash of the source address ("xor-mac"), or, with LACP only, of
        the IP addresses and ports ("xor-ip"). Raises LabError.
        """
        check_group(self, self.groups, name, ports, lacp)
        if policy not in BALANCE or (policy == "xor-ip" and not lacp):
            kind = "an LACP" if lacp else "a static"
            raise LabError(f"{self.name}: Open vSwitch has no policy {policy!r} for {kind} group")
        # All members of an aggregate of Open vSwitch have one key.
        bundles: dict[str, list[str]] = {}
        for port in ports:
            keyed = lacp is not None and port in lacp.keys
            bundles.setdefault(f"{name}-{lacp.keys[port]}" if lacp and keyed else name, []).append(port)
        self._let_it_hear_of(ports)
        self._daemons.change(
            *(("del-port", BRIDGE, port) for port in ports),
            *(
                command
                for bundle, members in bundles.items()
                for command in self._bundle(bundle, members, policy, lacp)
            ),
        )
        self._forget_flows()
        self._groups[name] = _Group(tuple(ports), lacp, bundles)

    def ungroup(self, name: str) -> None:
        """Dissolve a trunk group; its ports are plain ports again. Raises LabError."""
        group = self._group(name)
        self._let_it_hear_of(group.ports)
        self._daemons.change(
            *(("del-port", BRIDGE, bundle) for bundle in group.bundles), *self._plain(group.ports)
        )
        self._forget_flows()
        del self._groups[name]

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each trunk group, by its name, whether they take part or not."""
        return {name: group.ports for name, group in self._groups.items()}

    def members(self, name: str) -> tuple[str, ...]:
        """The ports of a group that take part at present. Raises LabError."""
        group = self._group(name)
        if not group.lacp and len(group.ports) == 1:  # to Open vSwitch that is a plain port
            return tuple(port for port in group.ports if self.interfaces.ready(port))
        texts = [self._daemons.ask("bond/show", bundle) for bundle in group.bundles]
        enabled = frozenset[str]().union(*map(enabled_members, texts))
        return tuple(port for port in group.ports if port in enabled)

    def lacp_ports(self, name: str) -> tuple[LacpPort, ...]:
        """The switch's own view of each port of an LACP group. Raises LabError."""
        group = self._group(name)
        if not group.lacp:
            raise LabError(f"{self.name}: {name} is no LACP group")
        texts = [self._daemons.ask("lacp/show", bundle) for bundle in group.bundles]
        views = {view.port: view for text in texts for view in lacp_ports(text)}
        return tuple(views[port] for port in group.ports)

    def forwards(self, port: str) -> bool:
        """Whether frames pass the port (for a member of a group: whether it takes part). Raises LabError."""
        check_port(self, port)
        for name, group in self._groups.items():
            if port in group.ports:
                return port in self.members(name)
        if self._rstp:
            return port in forwarding(self._daemons.ask("rstp/show", BRIDGE))
        return self.interfaces.ready(port)

    def spanning_tree(self, on: bool) -> None:
        """Switch rapid spanning tree on or off: towards hosts, a port that comes up waits for 3 s.

        Those that are up wait now, too. Groups take no part in it, and forward at once. Switched off, ports
        are out of their VLANs. Raises LabError.
        """
        self._daemons.change(("set", "Bridge", BRIDGE, f"rstp_enable={'true' if on else 'false'}"))
        if self._rstp and not on:
            # The ports would stay as they were left, discarding, for good. New ones know nothing of it.
            grouped = {port for group in self._groups.values() for port in group.ports}
            plain = [port for port in self.ports if port not in grouped]
            self._let_it_hear_of(plain)
            self._daemons.change(*(("del-port", BRIDGE, port) for port in plain))
            self._daemons.change(*self._plain(plain))
        self._rstp = on
        self._forget_flows()

    def vlan(self, port: str, access: int | None = None, trunk: Sequence[int] = ()) -> None:
        """Put a port, or a group by its name, into VLANs; see lab.switches.base.Switch. Raises LabError."""
        if port not in self._groups:
            check_port(self, port)
        if strangers := [vid for vid in (*trunk, *([] if access is None else [access])) if vid not in VLANS]:
            raise LabError(f"{self.name}: VLANs {strangers}: must be from {VLANS.start} to {VLANS.stop - 1}")
        if any(port in group.ports for group in self._groups.values()):
            raise LabError(f"{self.name}: {port} is in a group: VLANs are the group's")
        mode = "access" if not trunk else "trunk" if access is None else "native-untagged"
        settings = [f"tag={access}"] if access is not None else []
        settings += [f"trunks={','.join(map(str, trunk))}"] if trunk else []
        settings += [f"vlan_mode={mode}"] if settings else []
        records = self._groups[port].bundles if port in self._groups else (port,)
        for record in records:
            self._daemons.change(
                ("clear", "Port", record, "tag", "trunks", "vlan_mode"),
                *([("set", "Port", record, *settings)] if settings else []),
            )
        self._forget_flows()

    def counters(self, port: str) -> PortCounters:
        """What the port has received and sent. Raises LabError."""
        check_port(self, port)
        return port_counters(partial(run_in, self.pid), port)

    def port_admin(self, port: str, up: bool) -> None:
        """Enable or disable a port; the far end of its cable sees the carrier follow. Raises LabError."""
        check_port(self, port)
        self.interfaces.set_up(port, up)

    def mac_table(self) -> tuple[Learned, ...]:
        """The learned addresses; those behind a port with an LACP key of its own are that port's."""
        rows = learned(self._daemons.ask("fdb/show", BRIDGE))
        grouped = {port: name for name, group in self._groups.items() for port in group.bundles.get(name, ())}
        ports = ((mac, self.ports[int(number) - 1]) for mac, number in rows)
        return tuple(Learned(mac, grouped.get(port, port)) for mac, port in ports)

    def flush(self) -> None:
        """Forget all learned addresses."""
        self._daemons.ask("fdb/flush", BRIDGE)
        self._forget_flows()

    def close(self) -> None:
        """End the daemons and let go of the namespace."""
        self._daemons.stop()
        self.interfaces.close()

    def _let_it_hear_of(self, ports: Sequence[str]) -> None:
        """Wait until the daemon knows of each port whether it is up: taking or giving away a port it writes
        flags back as it last heard of them, and would undo what was set since. Raises LabBroken."""

        def unheard() -> list[str]:
            told = self._daemons.column("Interface", "admin_state")
            present = [port for port in ports if self.interfaces.exists(port)]
            now = {port: "up" if self.interfaces.is_up(port) else "down" for port in present}
            return [port for port in present if told.get(port) != now[port]]

        try:
            eventually(
                unheard,
                within=WITHIN_S,
                until=lambda ports: not ports,
                what=f"{self.name}: Open vSwitch hears of {', '.join(ports)}",
            )
        except TimeOut as error:
            raise LabBroken(str(error)) from error

    def _forget_flows(self) -> None:
        """Let each flow's next frame be looked at anew: from frames of known flows it learns with a delay."""
        self._daemons.ask("revalidator/purge")

    def _number(self, port: str) -> int:
        return self.ports.index(port) + 1

    def _plain(self, ports: Sequence[str]) -> Iterator[Command]:
        for port in ports:
            yield "add-port", BRIDGE, port
            yield "set", "Interface", port, f"ofport_request={self._number(port)}"

    def _bundle(
        self, name: str, ports: Sequence[str], policy: GroupPolicy, lacp: Lacp | None
    ) -> Iterator[Command]:
        """Commands that make an aggregate."""
        for port in ports:
            interface = f"name={port}", f"ofport_request={self._number(port)}"
            key = (
                (f"other_config:lacp-aggregation-key={lacp.keys[port]}",)
                if lacp and port in lacp.keys
                else ()
            )
            yield f"--id=@{port}", "create", "Interface", *interface, *key
        members = [f"@{port}" for port in ports]
        if lacp and len(ports) == 1:
            # A single interface would forward whatever LACP says, and call itself individual: a second one,
            # always down, makes it an aggregate.
            number = SPARE + self._number(ports[0])
            members.append(f"@spare{number}")
            interface = f"name=spare{number}", f"ofport_request={number}"
            yield f"--id=@spare{number}", "create", "Interface", *interface, "type=internal"
        how = f"bond_mode={BALANCE[policy]}", f"lacp={lacp.mode if lacp else 'off'}"
        rate = f"other_config:lacp-time={'fast' if lacp and lacp.fast else 'slow'}"
        interfaces = f"interfaces=[{','.join(members)}]"
        yield f"--id=@{name}", "create", "Port", f"name={name}", interfaces, *how, rate, *STEADY
        yield "add", "Bridge", BRIDGE, "ports", f"@{name}"

    def _group(self, name: str) -> _Group:
        if name not in self._groups:
            raise LabError(f"{self.name}: no group {name}; there are: {', '.join(self._groups) or 'none'}")
        return self._groups[name]
