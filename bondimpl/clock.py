"""Time and timers. The core reads no clock of its own: it is handed a Clock, real or virtual."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

Action = Callable[[], None]


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> None:
        """Do not make the call. Harmless when it has been made already."""


class Clock(Protocol):
    """Milliseconds since an arbitrary start, and calls at a time to come."""

    def now(self) -> float:
        """Present time in ms."""

    def call_at(self, time_ms: float, action: Action) -> Timer:
        """Have `action` called at `time_ms` (at the next opportunity when that is past)."""


class _Entry:
    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        self.action = None


class _Agenda:
    """Timers in order of time, then of request."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Entry]] = []
        self._order = itertools.count()

    def call_at(self, time_ms: float, action: Action) -> Timer:
        entry = _Entry(action)
        heapq.heappush(self._heap, (time_ms, next(self._order), entry))
        return entry

    def next_due(self) -> float | None:
        """Time in ms of the earliest pending call, None when there is none."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _pop(self) -> Action:
        entry = heapq.heappop(self._heap)[2]
        action = entry.action
        assert action is not None
        entry.cancel()
        return action


class VirtualClock(_Agenda):
    """A clock that moves when told to: an hour passes in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def advance(self, duration_ms: float) -> None:
        """Let `duration_ms` pass, making every call that falls due at its own time."""
        end = self._now + duration_ms
        while (due := self.next_due()) is not None and due <= end:
            self._now = max(self._now, due)
            self._pop()()
        self._now = end


class RealClock(_Agenda):
    """The monotonic clock. An event loop asks for `timeout_ms` and calls `run_due`."""

    def now(self) -> float:
        return time.monotonic() * 1000.0

    def timeout_ms(self) -> float | None:
        """How long the loop may sleep, in ms; None when nothing is pending."""
        due = self.next_due()
        return None if due is None else max(0.0, due - self.now())

    def run_due(self) -> None:
        """Make every call that has fallen due."""
        while (due := self.next_due()) is not None and due <= self.now():
            self._pop()()


class Ticker:
    """Calls `action` every `period_ms` (the first time after `first_ms`), by absolute deadlines.

    Lateness of one call does not delay the next.
    """

    def __init__(
        self, clock: Clock, period_ms: float, action: Action, *, first_ms: float | None = None
    ) -> None:
        self._clock = clock
        self._period = period_ms
        self._action = action
        self._due = clock.now() + (period_ms if first_ms is None else first_ms)
        self._timer = clock.call_at(self._due, self._tick)

    def _tick(self) -> None:
        # After a long stall (a stopped process) go on from now instead of calling in a burst.
        self._due = max(self._due, self._clock.now() - self._period) + self._period
        self._timer = self._clock.call_at(self._due, self._tick)
        self._action()

    def stop(self) -> None:
        """End the series."""
        self._timer.cancel()
