"""All ports and aggregators of a bond, driven by ticks, PDUs and link changes (IEEE 802.3ad 43.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from bondimpl.lacp import selection
from bondimpl.lacp.churn import run_churn
from bondimpl.lacp.keys import port_key
from bondimpl.lacp.mux import run_mux
from bondimpl.lacp.pdu import (
    Info,
    Lacpdu,
    PortState,
    decode_lacpdu,
    encode_lacpdu,
    is_marker,
    marker_response,
    untagged,
)
from bondimpl.lacp.periodic import run_periodic
from bondimpl.lacp.port import Aggregator, Port
from bondimpl.lacp.receive import run_receive
from bondimpl.machine import Speed

TRANSMIT_EVERY = 3
"""Ticks: at most three LACPDUs a second leave by a port, and today's driver sends on this grid only."""

SELECT_HOLD = 80
"""Ticks from the first slave on in which no port collects; opening the bond ends it."""

Send = Callable[[str, bytes], None]
Looped = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LacpConfig:
    """What the bond's options say. `system` is 6 bytes."""

    system: bytes
    system_priority: int = 0xFFFF
    user_key: int = 0
    fast: bool = False
    active: bool = True
    policy: str = "stable"
    coupled: bool = True
    restart_on_link_loss: bool = False
    """The driver of the HOWTO forgets its partner when a link is lost, today's when it returns (D33)."""
    farewell_keeps_sync: bool = False
    """The driver of the HOWTO clears only the Aggregation bit in its last LACPDU (D34)."""


class Aggregation:
    """The LACP half of an 802.3ad bond. `send` gets a slave and a frame; `looped` a slave that hears us."""

    def __init__(self, config: LacpConfig, send: Send, looped: Looped) -> None:
        self.config = config
        self._send = send
        self._looped = looped
        self._ports: dict[str, Port] = {}
        self._aggregators: list[Aggregator] = []
        self._numbers = 0
        self._hold = 0
        self._clock = 0

    @property
    def ports(self) -> Mapping[str, Port]:
        """By slave, in the order of enslaving."""
        return self._ports

    @property
    def active(self) -> Aggregator | None:
        """The active aggregator."""
        return next((a for a in self._aggregators if a.is_active), None)

    def passing(self) -> Iterator[Port]:
        """The ports that carry the bond's traffic."""
        return (port for port in self._ports.values() if port.passes_traffic)

    # ---- slaves and settings

    def add(self, slave: str, mac: bytes, speed: Speed, *, enabled: bool) -> None:
        """A slave joins; `mac` is its permanent address (6 bytes)."""
        if not self._ports:
            self._hold = SELECT_HOLD
            self._numbers = 0
        number = max((port.actor.port for port in self._ports.values()), default=0) + 1
        port = Port(slave, mac, Info(port=number, state=PortState.AGGREGATION), enabled=enabled, speed=speed)
        self._configure(port)
        self._numbers += 1
        self._ports[slave] = port
        self._aggregators.append(Aggregator(self._numbers, owner=port))

    def remove(self, slave: str) -> None:
        """A slave leaves, with a last LACPDU that says so."""
        port = self._ports.pop(slave)
        gone = PortState.AGGREGATION
        if not self.config.farewell_keeps_sync:
            gone |= PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING
        port.set_actor(gone, False)
        self._send_lacpdu(port)
        selection.leave(port)
        own = next(a for a in self._aggregators if a.owner is port)
        self._aggregators.remove(own)
        self._rehouse(own)
        self._choose_active()

    def _rehouse(self, orphaned: Aggregator) -> None:
        """Ports in the aggregator that left with its owner move to an empty one, traffic and all."""
        if not orphaned.ports:
            return
        home = next(a for a in self._aggregators if not a.ports)
        home.ports, orphaned.ports = orphaned.ports, []
        for field in (
            "is_active",
            "is_individual",
            "key",
            "partner_system",
            "partner_priority",
            "partner_key",
        ):
            setattr(home, field, getattr(orphaned, field))
        for port in home.ports:
            port.aggregator = home

    def opened(self) -> None:
        """The bond was brought up."""
        self._hold = 1

    def configure(self, config: LacpConfig) -> None:
        """New settings, told to the partners in the next LACPDUs; another key starts the ports anew."""
        new_key = config.user_key != self.config.user_key
        self.config = config
        for port in self._ports.values():
            self._configure(port)
            port.begin |= new_key
            port.need_to_transmit = True
        self._choose_active()

    def _configure(self, port: Port) -> None:
        config = self.config
        port.actor = replace(
            port.actor,
            system_priority=config.system_priority,
            system=config.system,
            key=port_key(port.speed, config.user_key, link_up=port.enabled),
        )
        port.set_actor(PortState.ACTIVITY, config.active)
        port.set_actor(PortState.TIMEOUT, config.fast)

    def set_port_priority(self, slave: str, priority: int) -> None:
        """What the slave's LACPDUs say from now on."""
        port = self._ports[slave]
        port.actor = replace(port.actor, port_priority=priority)
        port.need_to_transmit = True

    def link_changed(self, slave: str, speed: Speed, *, enabled: bool) -> None:
        """A slave's link went up or down, or changed its speed or duplex."""
        port = self._ports[slave]
        was, port.enabled = port.enabled, enabled
        if enabled and (not was or speed != port.speed):
            port.speed, port.begin = speed, True
        if was != enabled:
            port.begin |= self.config.restart_on_link_loss
            port.passes_traffic &= enabled
        key = port_key(port.speed, self.config.user_key, link_up=enabled)
        port.actor = replace(port.actor, key=key)
        port.lacp_enabled = not port.is_individual
        self._choose_active()

    # ---- time and frames

    def received(self, slave: str, frame: bytes) -> bool:
        """A frame came in by the slave; whether it was a LACPDU or marker PDU, which the host never sees."""
        port = self._ports[slave]
        frame = untagged(frame)  # as the driver, which finds the tag taken off
        answer = marker_response(frame, port.mac)
        if answer is not None:
            self._send(slave, answer)
        pdu = decode_lacpdu(frame)
        if pdu is not None:
            run_receive(port, pdu, self._loopback)
        return pdu is not None or is_marker(frame)

    def tick(self) -> None:
        """100 ms have passed."""
        self._clock += 1
        if self._hold:
            self._hold -= 1
            if not self._hold:
                self._choose_active()
        for port in list(self._ports.values()):
            run_receive(port, None, self._loopback)
            run_periodic(port)
            if not port.selected:
                self._select(port)
            run_mux(port, hold=bool(self._hold), coupled=self.config.coupled)
            self._transmit(port)
            run_churn(port)
            port.begin = False

    def _select(self, port: Port) -> None:
        selection.join(port, self._aggregators)
        self._choose_active()
        if port.aggregator is None or not port.aggregator.is_active:
            port.set_actor(PortState.SYNCHRONIZATION, False)

    def _choose_active(self) -> None:
        config = self.config
        old, new = self.active, selection.best(self._aggregators, config.policy)
        if old is not new:
            if old is not None:
                old.is_active = False
                for port in old.ports:
                    port.passes_traffic = False
            if new is not None:
                new.is_active = True
        if new is not None and not new.has_partner:
            # Nobody will ever come into sync there: its ports carry at once.
            for port in new.ports:
                port.passes_traffic = port.enabled

    def _transmit(self, port: Port) -> None:
        if self._clock % TRANSMIT_EVERY == 0 and port.need_to_transmit and port.lacp_enabled and port.enabled:
            self._send_lacpdu(port)
            port.need_to_transmit = False

    def _send_lacpdu(self, port: Port) -> None:
        if port.lacp_enabled and port.enabled:
            self._send(port.slave, encode_lacpdu(Lacpdu(port.actor, port.partner), port.mac))

    def _loopback(self, port: Port) -> None:
        self._looped(port.slave)
