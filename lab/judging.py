"""Judging a stream of numbered frames sent at an even pace by what arrived of it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Arrival:
    """Frame `sequence` received at `at_s` (monotonic seconds)."""

    at_s: float
    sequence: int


@dataclass(frozen=True, slots=True)
class Outage:
    """`lost` consecutive frames from number `first` on.

    `from_s` and `to_s` (monotonic seconds) are when the last frame before and the first one after were due to
    be sent: the time without traffic, at the nominal pace, whatever duplicates and reordering there were.
    """

    first: int
    lost: int
    from_s: float
    to_s: float

    @property
    def ms(self) -> float:
        """Length in ms."""
        return (self.to_s - self.from_s) * 1e3


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What became of a stream.

    received: different frames that arrived; duplicates: further copies of them; reordered: frames that
    arrived after one with a higher number (RFC 4737); longest_gap_ms: between two arrivals in succession;
    send_lag_ms: by how much the sender itself fell behind its pace at worst; refused: sends that the
    interface refused (they count as sent); strays: arrivals with numbers never sent.
    """

    sent: int
    received: int
    duplicates: int
    reordered: int
    longest_gap_ms: float
    outages: tuple[Outage, ...]
    pace_ms: float
    send_lag_ms: float = 0.0
    refused: int = 0
    strays: int = 0

    @property
    def lost(self) -> int:
        """Frames of which no copy arrived."""
        return self.sent - self.received

    @property
    def loss(self) -> float:
        """Share lost, 0.0 to 1.0."""
        return self.lost / self.sent if self.sent else 0.0

    @property
    def outage_ms(self) -> float:
        """The longest outage, 0.0 without loss."""
        return max((outage.ms for outage in self.outages), default=0.0)

    def __str__(self) -> str:
        return (
            f"{self.received} of {self.sent} received, {self.lost} lost in {len(self.outages)} outages "
            f"(longest {self.outage_ms:.0f} ms), {self.duplicates} duplicates, {self.reordered} reordered"
        )


def judge(
    arrivals: Sequence[Arrival],
    sent: int,
    *,
    pace_s: float,
    start_s: float = 0.0,
    send_lag_ms: float = 0.0,
    refused: int = 0,
) -> StreamReport:
    """The report on frames 0 to `sent` - 1; frame n was due at `start_s` + n * `pace_s` seconds."""
    ours = [a for a in sorted(arrivals, key=lambda a: a.at_s) if 0 <= a.sequence < sent]
    seen: set[int] = set()
    highest, reordered = -1, 0
    for arrival in ours:
        if arrival.sequence not in seen:
            seen.add(arrival.sequence)
            reordered += arrival.sequence < highest
            highest = max(highest, arrival.sequence)
    gaps = (later.at_s - earlier.at_s for earlier, later in pairwise(ours))
    return StreamReport(
        sent=sent,
        received=len(seen),
        duplicates=len(ours) - len(seen),
        reordered=reordered,
        longest_gap_ms=max(gaps, default=0.0) * 1e3,
        outages=tuple(
            Outage(first, lost, start_s + max(first - 1, 0) * pace_s, start_s + (first + lost) * pace_s)
            for first, lost in _runs(n for n in range(sent) if n not in seen)
        ),
        pace_ms=pace_s * 1e3,
        send_lag_ms=send_lag_ms,
        refused=refused,
        strays=len(arrivals) - len(ours),
    )


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(first, length) of each run of consecutive ascending numbers."""
    first = length = 0
    for number in numbers:
        if length and number == first + length:
            length += 1
            continue
        if length:
            yield first, length
        first, length = number, 1
    if length:
        yield first, length
