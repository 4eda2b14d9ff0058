"""The receive machine (IEEE 802.3ad 43.4.12), in the driver's reading."""

from __future__ import annotations

from collections.abc import Callable

from bondimpl.lacp.pdu import Info, Lacpdu, PortState
from bondimpl.lacp.port import LONG_TIMEOUT, NO_PARTNER, SHORT_TIMEOUT, Port, Receive

_HEARS = (Receive.EXPIRED, Receive.DEFAULTED, Receive.CURRENT)
_AFTER = {Receive.CURRENT: Receive.EXPIRED, Receive.EXPIRED: Receive.DEFAULTED}
_UNHEARD = PortState.DEFAULTED | PortState.EXPIRED
_ASKED = PortState.ACTIVITY | PortState.TIMEOUT | PortState.SYNCHRONIZATION | PortState.AGGREGATION


def run_receive(port: Port, pdu: Lacpdu | None, loopback: Callable[[Port], None]) -> None:
    """One tick (`pdu` None) or one received LACPDU; `loopback` is told of a PDU that is our own."""
    before = port.receive
    port.receive = _next(port, pdu)
    if port.receive is before and pdu is None and not port.begin:
        return
    if port.receive is Receive.INITIALIZE:
        _initialize(port)
        port.receive = Receive.PORT_DISABLED
        port.matched = False
    elif port.receive is Receive.PORT_DISABLED:
        port.matched = False
    elif port.receive is Receive.LACP_DISABLED:
        port.selected = False
        _assume_default(port)
        port.set_partner(PortState.AGGREGATION, False)
        port.matched = True
        port.set_actor(PortState.EXPIRED, False)
    elif port.receive is Receive.EXPIRED:
        port.set_partner(PortState.SYNCHRONIZATION, False)
        port.set_partner(PortState.TIMEOUT, True)
        port.matched = False
        port.receive_timer = SHORT_TIMEOUT
        port.set_actor(PortState.EXPIRED, True)
        port.restart_churn = True
    elif port.receive is Receive.DEFAULTED:
        if not NO_PARTNER.is_same_port(port.partner):
            port.selected = False
        _assume_default(port)
        port.matched = True
        port.set_actor(PortState.EXPIRED, False)
    elif pdu is not None:
        _take(port, pdu, loopback)


def _next(port: Port, pdu: Lacpdu | None) -> Receive:
    if port.begin:
        port.restart_churn = True
        return Receive.INITIALIZE
    if not port.enabled:
        return Receive.PORT_DISABLED
    if pdu is not None and port.receive in _HEARS:
        port.restart_churn |= port.receive is not Receive.CURRENT
        port.receive_timer = 0
        return Receive.CURRENT
    if port.receive is Receive.PORT_DISABLED:
        return Receive.EXPIRED if port.lacp_enabled else Receive.LACP_DISABLED
    if port.receive_timer:
        port.receive_timer -= 1
        if not port.receive_timer:
            return _AFTER.get(port.receive, port.receive)
    return port.receive


def _initialize(port: Port) -> None:
    port.lacp_enabled = not port.is_individual
    port.selected = False
    _assume_default(port)
    port.set_actor(PortState.EXPIRED, False)


def _assume_default(port: Port) -> None:
    port.partner = NO_PARTNER
    port.set_actor(PortState.DEFAULTED, True)


def _take(port: Port, pdu: Lacpdu, loopback: Callable[[Port], None]) -> None:
    if pdu.actor.system == port.actor.system:
        loopback(port)  # the timer stays stopped: such a port is not heard of until a proper PDU comes
        return
    if not pdu.actor.is_same_port(port.partner):
        port.selected = False
    if not _knows_us(pdu.partner, port.actor):
        port.need_to_transmit = True
    port.matched = pdu.partner.is_same_port(port.actor) or not pdu.actor.has(PortState.AGGREGATION)
    port.partner = pdu.actor
    if not port.matched:
        port.set_partner(PortState.SYNCHRONIZATION, False)
    if port.actor.has(_UNHEARD):
        port.set_actor(_UNHEARD, False)
    port.receive_timer = SHORT_TIMEOUT if port.actor.has(PortState.TIMEOUT) else LONG_TIMEOUT


def _knows_us(told: Info, actor: Info) -> bool:
    """Whether the partner's idea of us is right (update_NTT, 43.4.9)."""
    return told.is_same_port(actor) and int.__xor__(told.state, actor.state) & int(_ASKED) == 0
