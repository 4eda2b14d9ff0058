"""What a bond tells whoever listens: log lines and changes of state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventKind = Literal["log", "joined", "left", "link", "active", "carrier", "address", "option"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `time_ms` is the bond's clock; `value` is text such as `up` or `eth1`."""

    time_ms: float
    bond: str
    kind: EventKind
    slave: str | None
    value: str
