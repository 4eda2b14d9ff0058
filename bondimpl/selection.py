"""Which slave is the active one (HOWTO section 2, `primary`; section 12.3)."""

from __future__ import annotations

from collections.abc import Sequence

from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


def choose_active(state: BondState, *, force_primary: bool = False) -> Slave | None:
    """The slave that ought to be active now, None when no link is usable.

    `force_primary`: the primary was just named or enslaved and takes over, whatever `primary_reselect` says.
    A slave still waiting out its updelay may be returned when no link is up.
    """
    held = state.active if state.active and state.active.name in state.slaves else None
    current = held if held and held.link is Link.UP else None
    # A slave whose downdelay runs keeps the office while there is nobody better.
    fallback = held if held and held.carries else None
    primary = state.primary
    if primary is not None and primary.link is Link.UP:
        if force_primary or current is None:
            return primary
        return _preferred(primary, current, state.options.primary_reselect)
    if state.era.successor_from_ring:
        return current or _next_in_ring(state) or _nearest_waiter(state) or fallback
    candidate = max(
        (s for s in state.slaves.values() if s.link is Link.UP), key=lambda s: s.options.prio, default=None
    )
    if candidate is None:
        return _nearest_waiter(state) or fallback
    if current is None:
        return candidate
    return _preferred(candidate, current, state.options.primary_reselect)


def _preferred(candidate: Slave, current: Slave, policy: str) -> Slave:
    """The candidate or the one in office, by `primary_reselect`."""
    if policy == "failure":
        return current
    if policy == "better":
        return candidate if _rank(candidate) > _rank(current) else current
    return candidate


def _rank(slave: Slave) -> tuple[int, bool]:
    return slave.speed.mbit or 0, slave.speed.duplex == "full"


def _next_in_ring(state: BondState) -> Slave | None:
    """The first slave up from the last active one onwards, round the ring."""
    ring: Sequence[Slave] = list(state.slaves.values())
    if state.active in ring:
        start = ring.index(state.active)
        ring = [*ring[start:], *ring[:start]]
    return next((slave for slave in ring if slave.link is Link.UP), None)


def _nearest_waiter(state: BondState) -> Slave | None:
    """The slave with the least of its updelay left (the first of equals)."""
    waiting = (slave for slave in state.slaves.values() if slave.link is Link.BACK and not slave.tried)
    return min(waiting, key=lambda slave: slave.delay, default=None)
