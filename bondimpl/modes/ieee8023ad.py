"""802.3ad (mode 4): ports of one aggregator share the traffic by a hash (HOWTO section 2, `mode`; 12.1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bondimpl.clock import Ticker
from bondimpl.errors import MachineError
from bondimpl.forwarding import Discard, Hashed, Punt
from bondimpl.frames.ethernet import ZERO_MAC
from bondimpl.lacp.aggregation import Aggregation, LacpConfig
from bondimpl.lacp.pdu import ETHERTYPE_SLOW
from bondimpl.lacp.port import TICK_MS, Aggregator, Mux
from bondimpl.lacp.selection import enabled_ports
from bondimpl.lacp.snapshot import LacpStatus, lacp_status
from bondimpl.modes.base import ModeRule, Services
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState

_SYSTEM_OPTIONS = {"ad_actor_system", "ad_actor_sys_prio"}
_PORT_OPTIONS = {"lacp_rate", "lacp_active", "ad_user_port_key", "ad_select", "coupled_control"}


class Ieee8023ad(ModeRule):
    """The slaves of the active aggregator carry traffic; the others carry LACPDUs only."""

    mode = Mode.IEEE8023AD
    needs_speed = True
    may_test_carrier = True
    punts = (Punt(ETHERTYPE_SLOW, from_host=False),)

    def __init__(self, state: BondState, services: Services) -> None:
        super().__init__(state, services)
        unnamed = LacpConfig(ZERO_MAC, system_priority=0)
        self._lacp = Aggregation(self._config(unnamed), self._send, self._looped)
        self._ticker: Ticker | None = None
        self._active: Aggregator | None = None
        self._seen: object = None
        self._muxes: dict[str, Mux] = {}

    # ---- the plan

    def transmit(self) -> Hashed | Discard:
        able = self.senders()
        carrying = tuple(slave for slave in self._carrying() if slave in able)
        if not carrying:
            return Discard()
        hashed = self.hashed(self._members(), carrying)
        if self.state.options.broadcast_neighbor:
            # Switches that know nothing of each other all learn where the host is.
            return replace(hashed, neighbours=tuple(slave.name for slave in carrying))
        return hashed

    def accept(self) -> Iterable[Slave]:
        # With coupled_control off a port hears its partner before it may send.
        hearing = {p.slave for p in self._lacp.ports.values() if p.passes_traffic or p.mux is Mux.COLLECTING}
        return tuple(slave for slave in self.state.carrying if slave.name in hearing)

    def announcers(self) -> Iterable[Slave]:
        return self._carrying()

    def carrier(self) -> bool:
        active = self._lacp.active
        if active is None:
            return False
        options = self.state.options
        if options.lacp_strict:
            usable = sum(port.enabled and port.mux is Mux.DISTRIBUTING for port in active.ports)
        else:
            usable = enabled_ports(active)
        return usable >= max(1, options.min_links)

    def _carrying(self) -> tuple[Slave, ...]:
        passing = {port.slave for port in self._lacp.passing()}
        return tuple(slave for slave in self.state.carrying if slave.name in passing)

    def _members(self) -> tuple[Slave, ...]:
        active = self._lacp.active
        names = {port.slave for port in active.ports} if active else set()
        return tuple(slave for slave in self.state.slaves.values() if slave.name in names)

    # ---- what happens

    def joined(self, slave: Slave) -> None:
        if not self._lacp.ports:
            self._lacp.configure(self._with_system(self._config(self._lacp.config)))
        priority = slave.options.actor_port_prio
        self._lacp.add(slave.name, slave.permanent_mac, slave.speed, enabled=slave.link is Link.UP)
        self._lacp.set_port_priority(slave.name, priority)

    def left(self, slave: Slave) -> None:
        self._lacp.remove(slave.name)
        self._muxes.pop(slave.name, None)
        self._tell_news()

    def link_changed(self, slave: Slave) -> None:
        self._lacp.link_changed(slave.name, slave.speed, enabled=slave.link is Link.UP)
        self._tell_news()

    speed_changed = link_changed

    def opened(self) -> None:
        self._lacp.opened()
        self._ticker = Ticker(self.services.clock, TICK_MS, self._tick, first_ms=0)

    def closed(self) -> None:
        # No farewell: the driver leaves it to the partner's timeout.
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def options_changed(self, names: Iterable[str]) -> None:
        changed = set(names)
        if changed & (_SYSTEM_OPTIONS | _PORT_OPTIONS):
            config = self._config(self._lacp.config)
            if changed & _SYSTEM_OPTIONS and self._lacp.ports:
                config = self._with_system(config)
            self._lacp.configure(config)

    def slave_options_changed(self, slave: Slave) -> None:
        self._lacp.set_port_priority(slave.name, slave.options.actor_port_prio)

    def frame_from_slave(self, slave: Slave, frame: bytes) -> bool:
        taken = self._lacp.received(slave.name, frame)
        self._tell_news()
        return taken

    def lacp_status(self) -> LacpStatus:
        return lacp_status(self._lacp)

    def _tick(self) -> None:
        self._lacp.tick()
        self._tell_news()

    def _tell_news(self) -> None:
        more_carry = False
        for slave, port in self._lacp.ports.items():
            if self._muxes.get(slave, Mux.DETACHED) is not port.mux:
                more_carry |= port.mux is Mux.DISTRIBUTING and port.passes_traffic
                self.services.events.emit("lacp", slave, port.mux.value)
            self._muxes[slave] = port.mux
        active = self._lacp.active
        if active is not self._active:
            self._active = active
            if active is not None and active.is_individual:
                self.services.events.log(self._messages.no_response())
            self.services.events.emit("aggregator", None, str(active.number) if active else "")
        # In the driver of the HOWTO the choice depends on all members, whether they carry or not.
        seen = (active, self.carrier(), self.transmit(), tuple(self.accept()))
        if seen != self._seen:
            self._seen = seen
            self.services.refresh()
        if more_carry and self.state.options.broadcast_neighbor:
            # The switch at that port, which knows nothing of the others, is to learn where the host is.
            self.services.announce()

    # ---- the machines' settings and voice

    def _config(self, before: LacpConfig) -> LacpConfig:
        options, era = self.state.options, self.state.era
        return replace(
            before,
            user_key=options.ad_user_port_key,
            fast=options.lacp_rate == "fast",
            active=options.lacp_active,
            policy=options.ad_select,
            coupled=options.coupled_control,
            restart_on_link_loss=era.link_loss_restarts_port,
            farewell_keeps_sync=era.farewell_keeps_sync,
        )

    def _with_system(self, config: LacpConfig) -> LacpConfig:
        """The address is the bond's at this time: a later change of that is none of the system's."""
        options = self.state.options
        system = options.ad_actor_system if any(options.ad_actor_system) else self.state.mac
        return replace(config, system=system, system_priority=options.ad_actor_sys_prio)

    def _send(self, slave: str, frame: bytes) -> None:
        try:
            self.services.machine.transmit(slave, frame)
        except MachineError as error:
            # A lost LACPDU is what the protocol's timers are for.
            self.services.events.log(self._messages.plain(f"LACPDU not sent: {error}"))

    def _looped(self, slave: str) -> None:
        self.services.events.log(self._messages.loopback(slave))
