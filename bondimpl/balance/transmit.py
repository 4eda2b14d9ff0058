"""Which slave a flow leaves by: 256 buckets, dealt by load relative to speed (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections.abc import Iterable

from bondimpl.forwarding import Load
from bondimpl.slave import Link, Slave

BUCKETS = 256
REBALANCE_S = 10
"""Seconds over which a load is measured."""
ASSUMED_MBIT = 100
"""Speed of a slave that does not tell it."""

_MBIT = 1 << 20


def mbit(slave: Slave) -> int:
    """The speed by which slaves are compared, in Mbit/s."""
    return slave.speed.mbit or ASSUMED_MBIT


class TransmitTable:
    """Assigns buckets to slaves. A bucket stays where it is until its slave fails or loads are balanced anew.

    Loads are in bytes per second: of a bucket as last measured, of a slave the sum of its buckets'.
    """

    def __init__(self, new_flow_weight: int) -> None:
        """`new_flow_weight`: what a bucket counts before it has been measured, in bytes per second."""
        self.slaves: list[str | None] = [None] * BUCKETS
        """By bucket: the name of the slave it is assigned to."""
        self._history = [new_flow_weight] * BUCKETS
        self._bytes = [0] * BUCKETS
        self._unbalanced = 0
        self._loads: dict[str, int] = {}

    def assign(self, bucket: int, slaves: Iterable[Slave]) -> str | None:
        """Give an open bucket to the slave with most capacity left; None when none of these is up."""
        able = [slave for slave in slaves if slave.link is Link.UP]
        if not able:
            return None
        chosen = max(able, key=self._gap).name  # the first of equals
        self.slaves[bucket] = chosen
        self._loads[chosen] = self._loads.get(chosen, 0) + self._history[bucket]
        return chosen

    def _gap(self, slave: Slave) -> int:
        return mbit(slave) * _MBIT - self._loads.get(slave.name, 0) * 8

    def sent(self, load: Load) -> None:
        """What has been sent since the last call."""
        for bucket, size in load.buckets.items():
            self._bytes[bucket] += size
        self._unbalanced += load.unbalanced

    def clear(self, slave: str, *, measure: bool = False) -> None:
        """Take its buckets from a slave; with `measure`, what they sent is their load from now on."""
        for bucket, assigned in enumerate(self.slaves):
            if assigned == slave:
                self.slaves[bucket] = None
                if measure:
                    self._history[bucket] = 1 + self._bytes[bucket] // REBALANCE_S
                    self._bytes[bucket] = 0
        self._loads.pop(slave, None)

    def rebalance(self, slaves: Iterable[Slave], active: Slave | None) -> None:
        """Measure, and have every bucket assigned anew; unbalanced frames are the active slave's load."""
        for slave in slaves:
            self.clear(slave.name, measure=True)
        if active is not None:
            self._loads[active.name] = self._unbalanced // REBALANCE_S
            self._unbalanced = 0
