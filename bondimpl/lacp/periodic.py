"""The periodic transmission machine (IEEE 802.3ad 43.4.13)."""

from __future__ import annotations

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import FAST_PERIOD, SLOW_PERIOD, Periodic, Port


def run_periodic(port: Port) -> None:
    """One tick: ask for a transmission when the partner's rate says so."""
    before = port.periodic
    port.periodic = _next(port)
    if port.periodic is before:
        return
    match port.periodic:
        case Periodic.NONE:
            port.periodic_timer = 0
        case Periodic.FAST:
            port.periodic_timer = FAST_PERIOD - 1  # the tick of the transmission itself counts
        case Periodic.SLOW:
            port.periodic_timer = SLOW_PERIOD - 1
        case Periodic.TRANSMIT:
            port.need_to_transmit = True


def _next(port: Port) -> Periodic:
    if port.begin or not port.lacp_enabled or not port.enabled:
        return Periodic.NONE
    if not port.actor.has(PortState.ACTIVITY) and not port.partner.has(PortState.ACTIVITY):
        return Periodic.NONE
    wants_fast = port.partner.has(PortState.TIMEOUT)
    if port.periodic_timer:
        port.periodic_timer -= 1
        if not port.periodic_timer:
            return Periodic.TRANSMIT
        if port.periodic is Periodic.FAST and not wants_fast:
            return Periodic.SLOW
        if port.periodic is Periodic.SLOW and wants_fast:
            port.periodic_timer = 0
            return Periodic.TRANSMIT
        return port.periodic
    if port.periodic is Periodic.NONE:
        return Periodic.FAST
    return Periodic.FAST if wants_fast else Periodic.SLOW
