"""The rules of the ARP monitor: how old may be what was last sent and heard (HOWTO 8.1). No clock, no I/O.

The windows of the two drivers, in intervals:

                            HOWTO's     today's
    up                      1           1.5
    load balancing, down    2           missed_max + 0.5
    active slave, down      2           missed_max + 0.5
    backup slave, down      3           missed_max + 1.5

The HOWTO's are sharp: an interval or less is up, that very age is down. Its 2 and 3 are `arp_missed_max`,
which is 2 unless given, and one more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Windows:
    """How long evidence holds. `interval` in ms."""

    interval: float
    missed_max: int
    sharp: bool

    def fresh(self, age: float) -> bool:
        """Whether something that happened `age` ms ago makes a slave count as up."""
        return age <= self.interval if self.sharp else self.within(age, 1)

    def within(self, age: float, intervals: int) -> bool:
        """Whether less than so many intervals have passed, or today half of one more."""
        whole = intervals * self.interval
        if self.sharp:
            return age < whole or self.fresh(age)
        return age <= whole + self.interval / 2

    def lapsed(self, age: float, extra: int = 0) -> bool:
        """Whether `missed_max` and so many extra intervals have passed without a thing."""
        return not self.within(age, self.missed_max + extra)


class Finding(Enum):
    """What a look at one slave has shown."""

    AS_BEFORE = "as before"
    UP = "up"
    DOWN = "down"
    IN_VAIN = "in vain"
    """It was tried, and nothing came."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one slave: its state, and how many ms ago something was heard there, and sent.

    `enabled`: it is the active one or the one being tried. `since`: ms since it came up, became active or was
    tried. `excused`: that nothing was heard is not held against it.
    """

    up: bool
    enabled: bool
    heard: float
    sent: float
    since: float
    excused: bool = False


def load_balancing(evidence: Evidence, windows: Windows) -> Finding:
    """Every slave has to send and to hear."""
    if not evidence.up:
        came = windows.fresh(evidence.sent) and windows.fresh(evidence.heard)
        return Finding.UP if came else Finding.AS_BEFORE
    silent = windows.lapsed(evidence.heard) and not evidence.excused
    return Finding.DOWN if windows.lapsed(evidence.sent) or silent else Finding.AS_BEFORE


def active_backup(evidence: Evidence, windows: Windows, *, searching: bool) -> Finding:
    """The active slave has to send and to hear, a backup to hear.

    `searching`: slaves are tried one after the other, since none was active; no backup is given up then.
    """
    if not evidence.up:
        if windows.fresh(evidence.heard):
            return Finding.UP
        return Finding.IN_VAIN if evidence.enabled else Finding.AS_BEFORE
    if windows.within(evidence.since, 2):
        return Finding.AS_BEFORE  # what was heard before may be too old by now
    if evidence.enabled:
        silent = windows.lapsed(evidence.heard) and not evidence.excused
        return Finding.DOWN if windows.lapsed(evidence.sent) or silent else Finding.AS_BEFORE
    lost = not searching and windows.lapsed(evidence.heard, 1) and not evidence.excused
    return Finding.DOWN if lost else Finding.AS_BEFORE
