"""A port: the slave as the standard's machines see it (IEEE 802.3ad 43.4.7). Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from bondimpl.lacp.keys import FULL_DUPLEX
from bondimpl.lacp.pdu import Info, PortState
from bondimpl.machine import Speed

TICK_MS = 100
"""The machines run at this pace; all times below are in ticks."""

FAST_PERIOD = 10
SLOW_PERIOD = 300
SHORT_TIMEOUT = 30
LONG_TIMEOUT = 900
CHURN_PERIOD = 600
AGGREGATE_WAIT = 20

NO_PARTNER = Info()
"""What is assumed of a partner that has not been heard."""


class Receive(Enum):
    """States of the receive machine (43.4.12)."""

    INITIALIZE = "initialize"
    PORT_DISABLED = "port disabled"
    LACP_DISABLED = "LACP disabled"
    EXPIRED = "expired"
    DEFAULTED = "defaulted"
    CURRENT = "current"


class Periodic(Enum):
    """States of the periodic transmission machine (43.4.13)."""

    NONE = "no periodic"
    FAST = "fast periodic"
    SLOW = "slow periodic"
    TRANSMIT = "periodic transmit"


class Mux(Enum):
    """States of the mux machine (43.4.15)."""

    DETACHED = "detached"
    WAITING = "waiting"
    ATTACHED = "attached"
    COLLECTING = "collecting"
    DISTRIBUTING = "distributing"


class Churn(Enum):
    """States of a churn detection machine (43.4.17); the values are the words of /proc/net/bonding."""

    MONITOR = "monitoring"
    CHURNED = "churned"
    NONE = "none"


@dataclass(slots=True, eq=False)
class ChurnWatch:
    """One of the two churn machines of a port."""

    state: Churn = Churn.MONITOR
    timer: int = CHURN_PERIOD
    count: int = 0


@dataclass(slots=True, eq=False)
class Port:
    """A port. `actor` and `partner` are the operational information; timers count ticks, 0 is stopped."""

    slave: str
    mac: bytes
    actor: Info
    partner: Info = NO_PARTNER
    enabled: bool = False
    speed: Speed = field(default_factory=Speed)

    begin: bool = True
    lacp_enabled: bool = False
    selected: bool = False
    matched: bool = False
    ready: bool = False
    need_to_transmit: bool = False
    passes_traffic: bool = False
    """Whether frames of the bond are sent and accepted here."""

    receive: Receive = Receive.INITIALIZE
    receive_timer: int = 0
    periodic: Periodic = Periodic.NONE
    periodic_timer: int = 0
    mux: Mux = Mux.DETACHED
    mux_timer: int = 0
    restart_churn: bool = True
    actor_churn: ChurnWatch = field(default_factory=ChurnWatch)
    partner_churn: ChurnWatch = field(default_factory=ChurnWatch)
    aggregator: Aggregator | None = None

    def set_actor(self, bit: PortState, on: bool) -> None:
        """Set or clear a bit of the actor's state."""
        self.actor = _with(self.actor, bit, on)

    def set_partner(self, bit: PortState, on: bool) -> None:
        """Set or clear a bit of the partner's state as we hold it."""
        self.partner = _with(self.partner, bit, on)

    @property
    def is_individual(self) -> bool:
        """A port in half duplex, or without link, cannot aggregate: its key says so."""
        return not self.actor.key & FULL_DUPLEX


@dataclass(slots=True, eq=False)
class Aggregator:
    """A possible aggregate; each slave brings one. `ports`: the newest member first."""

    number: int
    owner: Port
    ports: list[Port] = field(default_factory=list)
    is_active: bool = False
    is_individual: bool = False
    key: int = 0
    partner_system: bytes = bytes(6)
    partner_priority: int = 0
    partner_key: int = 0

    @property
    def has_partner(self) -> bool:
        """Whether somebody who speaks LACP is at the other end."""
        return any(self.partner_system)

    def clear(self) -> None:
        """Forget what the last member brought."""
        self.is_active = self.is_individual = False
        self.key = self.partner_key = self.partner_priority = 0
        self.partner_system = bytes(6)


def _with(info: Info, bit: PortState, on: bool) -> Info:
    return replace(info, state=info.state | bit if on else info.state & ~bit)
