"""The mux machine (IEEE 802.3ad 43.4.15): when a port of a selected aggregator collects and distributes."""

from __future__ import annotations

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import AGGREGATE_WAIT, Mux, Port


def run_mux(port: Port, *, hold: bool, coupled: bool) -> None:
    """One tick. `hold`: no port may collect yet. `coupled`: collecting and distributing are one state."""
    active = port.aggregator is not None and port.aggregator.is_active
    if not active:
        port.passes_traffic = False
    elif port.mux is Mux.ATTACHED and not port.actor.has(PortState.SYNCHRONIZATION):
        # Its aggregator has become the active one since it was attached.
        port.set_actor(PortState.SYNCHRONIZATION, True)
        port.need_to_transmit = True
    before = port.mux
    port.mux = _next(port, active=active, hold=hold, coupled=coupled)
    if port.mux is before and not port.begin:
        if port.mux is Mux.DISTRIBUTING and active:
            port.passes_traffic = port.enabled
        return
    match port.mux:
        case Mux.DETACHED:
            port.set_actor(PortState.SYNCHRONIZATION, False)
            _stop(port)
        case Mux.WAITING:
            port.mux_timer = AGGREGATE_WAIT
        case Mux.ATTACHED:
            port.set_actor(PortState.SYNCHRONIZATION, active)
            _stop(port)
        case Mux.COLLECTING:
            port.set_actor(PortState.COLLECTING, True)
            port.set_actor(PortState.DISTRIBUTING, False)
            port.passes_traffic = False
            port.need_to_transmit = True
        case Mux.DISTRIBUTING:
            port.set_actor(PortState.COLLECTING | PortState.DISTRIBUTING, True)
            port.passes_traffic = active and port.enabled
            port.need_to_transmit = True


def _next(port: Port, *, active: bool, hold: bool, coupled: bool) -> Mux:
    if port.begin:
        return Mux.DETACHED
    if port.mux is Mux.DETACHED:
        return Mux.WAITING if port.selected else Mux.DETACHED
    if port.mux is Mux.WAITING:
        return _waited(port)
    if not port.selected:
        if port.mux is Mux.ATTACHED:
            port.ready = False
            return Mux.DETACHED
        return Mux.ATTACHED
    partner_in_sync = port.partner.has(PortState.SYNCHRONIZATION)
    if port.mux is Mux.ATTACHED:
        if partner_in_sync and active and not hold:
            return Mux.DISTRIBUTING if coupled else Mux.COLLECTING
        return Mux.ATTACHED
    if not partner_in_sync or not port.actor.has(PortState.SYNCHRONIZATION):
        return Mux.ATTACHED
    if not coupled:
        return Mux.DISTRIBUTING if port.partner.has(PortState.COLLECTING) else Mux.COLLECTING
    return port.mux


def _waited(port: Port) -> Mux:
    if not port.selected:
        port.ready = False
        return Mux.DETACHED
    if port.mux_timer:
        port.mux_timer -= 1
        port.ready |= not port.mux_timer
    everybody = port.aggregator is not None and all(member.ready for member in port.aggregator.ports)
    return Mux.ATTACHED if everybody and not port.mux_timer else Mux.WAITING


def _stop(port: Port) -> None:
    port.set_actor(PortState.COLLECTING | PortState.DISTRIBUTING, False)
    if port.aggregator is not None and port.aggregator.has_partner:
        # Where nobody speaks LACP, the active aggregator's port is used all the same.
        port.passes_traffic = False
    port.need_to_transmit = True
