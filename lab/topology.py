"""What a topology *is*: hosts, switches, cables and the roles they play. Frozen data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from lab.errors import TopologyError

HostKind = Literal["namespace", "uml"]
Bonding = Literal["userspace", "kernel", "ovs", "team"]
"""A bonding driver: bondimpl, the kernel's own, a bond of Open vSwitch, the team driver."""
SwitchKind = Literal["bridge", "ovs", "uml"]


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """One socket a cable plugs into: the NIC `name` of host `node`, or a port of switch `node`."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"{self.node}:{self.name}"


@dataclass(frozen=True, slots=True)
class Host:
    """A machine with NICs, in the order in which a case enslaves them.

    A network namespace, or a User-Mode Linux guest: that has its own kernel, with the real bonding driver.
    `bonding` is the driver of its bonds, if it is not that of its kind: bondimpl, in a guest the kernel's.
    """

    name: str
    nics: tuple[str, ...]
    kind: HostKind = "namespace"
    bonding: Bonding | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """A learning switch with the given ports: a Linux bridge, Open vSwitch, or the bridge of a guest."""

    name: str
    ports: tuple[str, ...]
    kind: SwitchKind = "bridge"


@dataclass(frozen=True, slots=True)
class Cable:
    """A patch cable from port `a` to port `b`; by convention `a` is the end nearer to the host under test."""

    name: str
    a: Port
    b: Port

    def other_end(self, node: str) -> Port:
        """The end that is not on `node`. Raises TopologyError when the cable does not touch `node`."""
        if self.a.node == node:
            return self.b
        if self.b.node == node:
            return self.a
        raise TopologyError(f"cable {self.name} runs {self.a} - {self.b}; it does not touch {node}")


@dataclass(frozen=True)
class Topology:
    """Nodes, the cables between them, and who plays which role in a case.

    Roles map a word of the cases to the name of a host, switch or cable:
    `host` (whose NICs are the slaves) and `peer` always; `switch_a`, `switch_b` (where eth0 and eth1 lead),
    `peer_b`, `isl`, `uplink_a`, `uplink_b`, `external`, ... where the topology has them.
    `traits` are what cases may ask for; with `only_for` it shows only those that ask for one of these traits.
    """

    name: str
    summary: str
    picture: str
    hosts: tuple[Host, ...]
    switches: tuple[Switch, ...]
    cables: tuple[Cable, ...]
    roles: Mapping[str, str]
    traits: frozenset[str] = field(default_factory=frozenset)
    only_for: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))
        self._check()

    def _check(self) -> None:
        ports = {host.name: host.nics for host in self.hosts}
        ports |= {switch.name: switch.ports for switch in self.switches}
        names = self._names()
        # `ports` alone would hide a host and a switch of one name.
        if twice := {n for n in names if names.count(n) > 1}:
            raise TopologyError(f"{self.name}: names used twice: {', '.join(sorted(twice))}")
        used: set[Port] = set()
        for cable in self.cables:
            for end in (cable.a, cable.b):
                if end.name not in ports.get(end.node, ()):
                    raise TopologyError(f"{self.name}: cable {cable.name} ends at {end}: no such port")
                if end in used:
                    raise TopologyError(f"{self.name}: two cables in {end}")
                used.add(end)
        for role, target in self.roles.items():
            if target not in names:
                raise TopologyError(f"{self.name}: role {role} is {target}, which does not exist")
        for role in ("host", "peer"):
            if role not in self.roles:
                raise TopologyError(f"{self.name}: nobody plays the role {role}")
        if absent := self.only_for - self.traits:
            raise TopologyError(f"{self.name}: is only for {', '.join(sorted(absent))}, but is not that")

    def _names(self) -> list[str]:
        return [
            *(host.name for host in self.hosts),
            *(switch.name for switch in self.switches),
            *(cable.name for cable in self.cables),
        ]

    def role(self, role: str) -> str:
        """Name of the node or cable in this role (a plain name is accepted too)."""
        if role in self.roles:
            return self.roles[role]
        if role in self._names():
            return role
        raise TopologyError(f"{self.name} has no {role}; its roles are {', '.join(sorted(self.roles))}")

    def host(self, role: str) -> Host:
        """The host in this role."""
        name = self.role(role)
        for host in self.hosts:
            if host.name == name:
                return host
        raise TopologyError(f"{self.name}: {role} is not a host")

    def cable_at(self, port: Port) -> Cable:
        """The cable plugged into `port`."""
        for cable in self.cables:
            if port in (cable.a, cable.b):
                return cable
        raise TopologyError(f"{self.name}: no cable in {port}")

    @property
    def slaves(self) -> tuple[Port, ...]:
        """The NICs of the host under test, in order."""
        host = self.host("host")
        return tuple(Port(host.name, nic) for nic in host.nics)

    def far_end(self, nic: Port) -> Port:
        """The port at the other end of the cable in `nic`."""
        return self.cable_at(nic).other_end(nic.node)

    def meeting_node(self, slaves: int | None = None) -> str | None:
        """The one node at which the cables of the first `slaves` NICs (all by default) end, if it is one."""
        nodes = {self.far_end(port).node for port in self.slaves[:slaves]}
        return nodes.pop() if len(nodes) == 1 else None
