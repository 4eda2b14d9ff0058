"""Waiting for something with a deadline. The only module that sleeps: everything else asks here.

Times are seconds of CLOCK_MONOTONIC throughout.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.005


class TimeOut(AssertionError):
    """What was waited for did not happen in time (or what must not happen did)."""


class Deadline:
    """A point in time, `within` seconds from now."""

    def __init__(self, within: float) -> None:
        self.within = within
        self.at_s = time.monotonic() + within

    @property
    def remaining(self) -> float:
        """Seconds left; 0.0 once expired."""
        return max(0.0, self.at_s - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.at_s

    def check(self, what: str) -> None:
        """Raise TimeOut naming `what` when the time is up."""
        if self.expired:
            raise TimeOut(f"{what}: not within {self.within:g} s")


def eventually(
    probe: Callable[[], T],
    within: float,
    *,
    what: str = "",
    until: Callable[[T], bool] = bool,
    every: float = POLL_S,
) -> T:
    """The first value of `probe()` that satisfies `until`, polled every `every` seconds.

    The probe runs at least once, and once more when the time is up. Raises TimeOut, naming `what`,
    the bound and the last value, when `within` seconds were not enough; errors of the probe pass through.
    """
    deadline = Deadline(within)
    while True:
        expired = deadline.expired
        value = probe()
        if until(value):
            return value
        if expired:
            raise TimeOut(f"{what or _name(probe)}: not within {within:g} s; last seen: {value!r}")
        time.sleep(min(every, deadline.remaining))


def never(probe: Callable[[], object], during: float, what: str = "", *, every: float = POLL_S) -> None:
    """Poll `probe()` for `during` seconds. Raises TimeOut with its value as soon as that is truthy."""
    begun = time.monotonic()
    deadline = Deadline(during)
    while True:
        expired = deadline.expired
        if value := probe():
            after = time.monotonic() - begun
            raise TimeOut(f"{what or _name(probe)}: happened after {after:.3f} s of {during:g} s: {value!r}")
        if expired:
            return
        time.sleep(min(every, deadline.remaining))


def sleep_until(at_s: float) -> float:
    """Sleep until the monotonic time `at_s`; how many seconds late it is now (0.0 or more).

    For pacing to absolute deadlines, so that the time taken by work does not add up to drift.
    """
    while (left := at_s - time.monotonic()) > 0:
        time.sleep(left)
    return max(0.0, time.monotonic() - at_s)


def _name(probe: Callable[[], object]) -> str:
    return str(getattr(probe, "__qualname__", repr(probe)))
