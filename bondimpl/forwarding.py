"""The forwarding plan: which slaves carry which frames, as plain data, and the reference way to execute it.

A mode publishes a plan and forwards nothing itself; a datapath executes plans and knows no modes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

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
    """Slave number hash(frame) of the table, modulo its length."""

    policy: HashPolicy
    table: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replicate:
    """A copy on each of these slaves, in this order."""

    slaves: tuple[str, ...]


Transmit = Discard | Single | RoundRobin | Hashed | Replicate


class Accept(Enum):
    """What of a slave's received frames reaches the host."""

    NOTHING = "nothing"
    UNICAST = "unicast"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Punt:
    """Frames of this EtherType go to the control plane first: received on any slave, or sent by the host.

    It says of each whether it keeps it; what it does not keep goes the way of all frames.
    """

    ethertype: int
    from_host: bool


@dataclass(frozen=True)
class ForwardingPlan:
    """Everything a datapath needs to know. A slave absent from `accept` delivers nothing."""

    transmit: Transmit = Discard()
    accept: Mapping[str, Accept] = field(default_factory=dict)
    punt: tuple[Punt, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "accept", MappingProxyType(dict(self.accept)))


class Forwarder:
    """Executes plans one frame at a time; every datapath must behave like this one.

    The round-robin counter lives here and survives a change of plan.
    """

    def __init__(self, plan: ForwardingPlan | None = None) -> None:
        self.plan = plan or ForwardingPlan()
        self._sent = 0

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
            case Hashed(policy, table):
                return (table[flow_hash(policy, frame) % len(table)],)
            case Replicate(slaves):
                return slaves
            case Discard():
                return ()

    def accepts(self, slave: str, frame: bytes | memoryview) -> bool:
        """Whether a frame received on `slave` is delivered to the host."""
        rule = self.plan.accept.get(slave, Accept.NOTHING)
        if rule is Accept.UNICAST:
            return not frame[0] & 1
        return rule is Accept.EVERYTHING
