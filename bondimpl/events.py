"""What a bond tells whoever listens: log lines and changes of state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bondimpl.clock import Clock

EventKind = Literal[
    "log", "joined", "left", "link", "active", "carrier", "address", "option", "aggregator", "lacp"
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `time_ms` is the bond's clock; `value` is text such as `up` or `eth1`.

    `aggregator`: the number of the active one, or nothing; `lacp`: the state of the slave's mux machine.
    """

    time_ms: float
    bond: str
    kind: EventKind
    slave: str | None
    value: str


Listener = Callable[[Event], None]


class EventSource:
    """Hands the events of one bond to all listeners."""

    def __init__(self, bond: str, clock: Clock) -> None:
        self._bond = bond
        self._clock = clock
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called with every event from now on."""
        self._listeners.append(listener)

    def emit(self, kind: EventKind, slave: str | None, value: str) -> None:
        """Something happened just now."""
        event = Event(self._clock.now(), self._bond, kind, slave, value)
        for listener in self._listeners:
            listener(event)

    def log(self, line: str) -> None:
        """A line for the log."""
        self.emit("log", None, line)
