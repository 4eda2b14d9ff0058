"""The forwarding plan: which slaves carry which frames, as plain data, and the reference way to execute it.

A mode publishes a plan and forwards nothing itself; a datapath executes plans and knows no modes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from bondimpl.frames import ndisc
from bondimpl.frames.balanced import Eligible, may_be_balanced
from bondimpl.frames.hashes import HashPolicy, flow_hash


@dataclass(frozen=True, slots=True)
class Discard:
    """Nothing can carry frames."""


@dataclass(frozen=True, slots=True)
class Single:
    """This one slave."""

    slave: str


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """Slave number (start + counter // packets_per_slave) of the table, modulo its length; 0 means random."""

    table: tuple[str, ...]
    start: int = 0
    packets_per_slave: int = 1


@dataclass(frozen=True, slots=True)
class Hashed:
    """Slave number hash(frame) of the table, modulo its length.

    `neighbours`: all of these, when there are any, for ARP and neighbour discovery.
    """

    policy: HashPolicy
    table: tuple[str, ...]
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replicate:
    """A copy on each of these slaves, in this order."""

    slaves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balanced:
    """Eligible frames: slave number hash(frame) of the table, modulo its length; all others: the active one.

    None in the table: nobody has been assigned this bucket yet, and the control plane is asked to. The bytes
    of each bucket are counted.
    """

    active: str | None
    eligible: Eligible
    policy: HashPolicy
    table: tuple[str | None, ...]


Transmit = Discard | Single | RoundRobin | Hashed | Replicate | Balanced


@dataclass(slots=True)
class Load:
    """Bytes sent of each bucket, and of frames that are in none, without virtio headers."""

    buckets: dict[int, int] = field(default_factory=dict)
    unbalanced: int = 0

    def count(self, bucket: int, size: int) -> None:
        """A frame of `size` bytes of that bucket was sent."""
        self.buckets[bucket] = self.buckets.get(bucket, 0) + size


class Accept(Enum):
    """What of a slave's received frames reaches the host."""

    NOTHING = "nothing"
    UNICAST = "unicast"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Punt:
    """Frames of this EtherType go to the control plane first: received on any slave (behind one VLAN tag,
    too), or sent by the host.

    It says of each whether it keeps it; what it does not keep goes the way of all frames.
    """

    ethertype: int
    from_host: bool


@dataclass(frozen=True)
class ForwardingPlan:
    """Everything a datapath needs to know. A slave absent from `accept` delivers nothing.

    `sources`: frames from the host get this Ethernet source (6 bytes) when they leave by that slave.
    `destinations`: what a slave receives for the first address is delivered to the host for the second one.
    `queues`: what the host puts into a transmit queue of that number leaves by that slave.
    `vlan_addresses`: unicast addresses for which a VLAN device gets frames, beside the receiving slave's own;
    None: whatever address.
    """

    transmit: Transmit = Discard()
    accept: Mapping[str, Accept] = field(default_factory=dict)
    punt: tuple[Punt, ...] = ()
    sources: Mapping[str, bytes] = field(default_factory=dict)
    destinations: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    vlan_addresses: frozenset[bytes] | None = frozenset()
    queues: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "accept", MappingProxyType(dict(self.accept)))
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))
        object.__setattr__(self, "destinations", MappingProxyType(dict(self.destinations)))
        object.__setattr__(self, "queues", MappingProxyType(dict(self.queues)))


class Forwarder:
    """Executes plans one frame at a time; every datapath must behave like this one.

    The round-robin counter and the bytes of each bucket live here and survive a change of plan.
    """

    def __init__(
        self, plan: ForwardingPlan | None = None, missed: Callable[[int], str | None] = lambda _bucket: None
    ) -> None:
        """`missed` assigns a bucket that has no slave: it publishes a plan and returns the slave."""
        self.plan = plan or ForwardingPlan()
        self._missed = missed
        self._sent = 0
        self._load = Load()

    def targets(self, frame: bytes | memoryview) -> tuple[str, ...]:
        """The slaves on which a frame from the host leaves (an Ethernet frame of at least 14 bytes)."""
        match self.plan.transmit:
            case Single(slave):
                return (slave,)
            case RoundRobin(table, start, per_slave):
                if per_slave == 0:
                    return (random.choice(table),)
                index = start + self._sent // per_slave
                self._sent += 1
                return (table[index % len(table)],)
            case Hashed(policy, table, neighbours):
                if neighbours and ndisc.looks_for_neighbours(frame):
                    return neighbours
                return (table[flow_hash(policy, frame) % len(table)],)
            case Replicate(slaves):
                return slaves
            case Balanced() as balanced:
                chosen = self._balance(balanced, frame)
                return (chosen,) if chosen is not None else ()
            case Discard():
                return ()

    def rewrite_sent(self, slave: str, frame: memoryview) -> None:
        """Make a frame what it is to look like on that slave's wire."""
        source = self.plan.sources.get(slave)
        if source is not None:
            frame[6:12] = source

    def rewrite_received(self, slave: str, frame: memoryview) -> None:
        """Make an accepted frame what it is to look like to the host."""
        seen, meant = self.plan.destinations.get(slave, (b"", b""))
        if frame[:6] == seen:
            frame[:6] = meant

    def take_load(self) -> Load:
        """The bytes counted since the last call."""
        load, self._load = self._load, Load()
        return load

    def _balance(self, rule: Balanced, frame: bytes | memoryview) -> str | None:
        if may_be_balanced(rule.eligible, frame):
            bucket = flow_hash(rule.policy, frame) % len(rule.table)
            slave = rule.table[bucket] or self._missed(bucket)
            if slave is not None:
                self._load.count(bucket, len(frame))
                return slave
        self._load.unbalanced += len(frame)
        return rule.active

    def accepts(self, slave: str, frame: bytes | memoryview) -> bool:
        """Whether a frame received on `slave` is delivered to the host."""
        rule = self.plan.accept.get(slave, Accept.NOTHING)
        if rule is Accept.UNICAST:
            return not frame[0] & 1
        return rule is Accept.EVERYTHING
