"""What happened when: faults, log lines and captures of a case on one axis (seconds of CLOCK_MONOTONIC)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lab.packet_io import clock_offset_ns


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Something that happened at `at_s` seconds (monotonic)."""

    at_s: float
    source: str
    text: str


class Timeline:
    """Moments from any thread."""

    def __init__(self) -> None:
        self.begun_s = time.monotonic()
        self._moments: list[Moment] = []
        self._lock = threading.Lock()

    def note(self, source: str, text: str, at_s: float | None = None) -> Moment:
        """Write down that `text` happened, now or at `at_s` (monotonic seconds)."""
        moment = Moment(time.monotonic() if at_s is None else at_s, source, text)
        with self._lock:
            self._moments.append(moment)
        return moment

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Everything so far, in order of time."""
        with self._lock:
            return tuple(sorted(self._moments, key=lambda moment: moment.at_s))

    def render(self, others: Iterable[Moment] = ()) -> str:
        """A line for each moment, here or of `others`: seconds since the timeline began, source, text.

        The first line says when that was by the wall clock, which the stamps of captures are in.
        """
        seconds, rest_ns = divmod(round(self.begun_s * 1e9) + clock_offset_ns(), 1_000_000_000)
        begun = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}Z"
        moments = sorted((*self.moments, *others), key=lambda moment: moment.at_s)
        lines = [f"{0:10.4f}  is {begun}"]
        lines += [f"{m.at_s - self.begun_s:10.4f}  {m.source:<12} {m.text}" for m in moments]
        return "".join(f"{line}\n" for line in lines)
