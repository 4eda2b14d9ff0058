"""When a stream was in trouble, measured from a fault."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lab.cases import StreamReport
from lab.judging import Outage
from testcases.bursts import number_of
from testcases.wire import Wire

EARLY_MS = 20.0
LATE_POLL = 50
"""ms by which a wait that is counted in polls may be short: from a poll that came late to one in time."""


def trouble_after(report: StreamReport, at_s: float) -> float:
    """From `at_s` (monotonic seconds) to the end of the last loss, in ms; 0.0 when nothing was lost later."""
    return max((outage.to_s - at_s for outage in report.outages if outage.to_s > at_s), default=0.0) * 1e3


def lost_between(report: StreamReport, from_s: float, to_s: float) -> int:
    """Frames lost in outages that overlap the time from `from_s` to `to_s` (monotonic seconds)."""
    return sum(outage.lost for outage in report.outages if outage.from_s < to_s and outage.to_s > from_s)


def unexplained(report: StreamReport, faults_s: Sequence[float], within_ms: float) -> list[Outage]:
    """The outages that are not over `within_ms` after one of the faults (monotonic seconds)."""
    # A frame due just before the fault may be on its way when it strikes.
    early_s = EARLY_MS / 1e3
    return [
        outage
        for outage in report.outages
        if not any(
            at_s - early_s <= outage.from_s <= outage.to_s <= at_s + within_ms / 1e3 for at_s in faults_s
        )
    ]


def resumed_at(wire: Wire) -> float:
    """When (monotonic seconds) the frame after the last gap in the numbers of a stream left the host.

    By the clock of the wire: a sender that falls behind does not shift it.
    """
    found = sorted((number_of(seen.data), seen.at_s) for nic in wire.shares() for seen in wire.left_by(nic))
    gaps = [at_s for (last, _), (number, at_s) in pairwise(found) if number > last + 1]
    assert gaps, "no frame of the stream is missing"
    return gaps[-1]
