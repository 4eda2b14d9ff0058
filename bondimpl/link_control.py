"""What follows from links: each slave's state, the active slave, the bond's carrier, the forwarding plan."""

from __future__ import annotations

from collections.abc import Iterable

from bondimpl import modes
from bondimpl.clock import Clock, Ticker
from bondimpl.events import EventSource
from bondimpl.machine import Machine, Speed
from bondimpl.messages import Messages
from bondimpl.modes.base import Services
from bondimpl.monitors import mii
from bondimpl.notices import PeerNotices
from bondimpl.selection import choose_active
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState

ASSUMED_SPEED = Speed(100, "full")


class LinkControl:
    """Runs the monitor of one bond and acts on what it finds."""

    def __init__(self, state: BondState, clock: Clock, machine: Machine, events: EventSource) -> None:
        """Raises NotBuilt for a mode that bondimpl lacks."""
        self._state = state
        self._clock = clock
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._notices = PeerNotices(state, clock, machine, events)
        self._monitor: Ticker | None = None
        self._services = Services(clock, machine, events, self.refresh)
        self.rule = modes.rule_for(state, self._services)
        """The rule of the bond's mode."""

    # ---- slaves come and go

    def join(self, slave: Slave) -> None:
        """A new slave, which `look_at` has seen, becomes one of the bond's."""
        state = self._state
        up = slave.link is not Link.DOWN
        state.slaves[slave.name] = slave
        self.rule.joined(slave)
        self.reselect(force_primary=slave is state.primary, because_of_joining=slave)
        active = slave is state.active if self.rule.has_active_slave else slave in self.rule.accept()
        self._events.log(self._messages.enslaving(slave.name, active=active and slave.carries, up=up))
        self.refresh()

    def leave(self, slave: Slave) -> None:
        """A slave that is one no longer."""
        self._events.log(self._messages.releasing(slave.name, active=slave is self._state.active))
        del self._state.slaves[slave.name]
        self.rule.left(slave)
        if slave is self._state.active:
            self.reselect()
        self._events.emit("left", slave.name, "")
        self.refresh()

    def stop_notices(self) -> None:
        """Say no more to the neighbours."""
        self._notices.stop()

    def look_at(self, slave: Slave) -> None:
        """Read the speed and link of a slave that is about to join. Raises MachineError."""
        state = self._state
        speed_known = self._read_speed(slave, first=True)
        link = self._read_link(slave.name) if state.options.miimon else True
        if link is None:
            self._events.log(self._messages.cannot_monitor(slave.name))
        if link is False or not speed_known:
            slave.link = Link.DOWN
        elif state.polls(state.options.updelay) and not (
            state.era.bypass_in_every_mode and not state.carrying
        ):
            slave.link, slave.delay = Link.BACK, state.polls(state.options.updelay)
        else:
            slave.link = Link.UP

    def change_mode(self) -> None:
        """The option `mode` has a new value."""
        self.rule = modes.rule_for(self._state, self._services)

    # ---- link monitoring

    def restart_monitor(self) -> None:
        """Monitor, or do not, as admin state and options say now; the first poll is at once."""
        if self._monitor is not None:
            self._monitor.stop()
            self._monitor = None
        if self._state.admin_up and self._state.options.miimon:
            self._monitor = Ticker(self._clock, self._state.options.miimon, self._poll, first_ms=0)

    def _read_link(self, slave: str) -> bool | None:
        return mii.read_link(self._machine.probe, slave, use_carrier=self._state.options.use_carrier)

    def _good(self, slave: str) -> bool:
        return self._read_link(slave) is not False

    def _read_speed(self, slave: Slave, *, first: bool = False) -> bool:
        """Take note of the slave's speed. False when the mode cannot use a slave that does not tell."""
        known = slave.speed
        slave.speed = self._machine.probe.speed(slave.name)
        if not self.rule.needs_speed or (slave.speed.mbit and slave.speed.duplex):
            return True
        if self._state.era.assumes_speed:
            slave.speed = ASSUMED_SPEED
        if first or slave.speed != known:
            self._events.log(self._messages.speed_unknown(slave.name))
        return self._state.era.assumes_speed

    def speed_may_have_changed(self, slave: Slave) -> None:
        """The device says that something about it is new. Raises MachineError."""
        known = slave.speed
        if slave.link is Link.UP and self._read_speed(slave) and slave.speed != known:
            self.rule.link_changed(slave)
            self.refresh()

    def _poll(self) -> None:
        if self.rule.needs_speed and self._state.era.polls_speed:
            for slave in self._state.slaves.values():
                self.speed_may_have_changed(slave)
        verdicts = list(
            mii.inspect(
                self._state, self._good, bypass_updelay=self.rule.bypasses_updelay(), say=self._events.log
            )
        )
        if verdicts:
            self._commit(verdicts)

    def _commit(self, verdicts: Iterable[mii.Verdict]) -> None:
        reselect = False
        for verdict in verdicts:
            slave, active = verdict.slave, self._state.active
            if verdict.up:
                if not self._link_up(slave):
                    continue
                wanted = slave is self._state.primary or (
                    active is not None and slave.options.prio > active.options.prio
                )
                reselect |= active is None or wanted
            else:
                self._link_down(slave)
                reselect |= slave is active
        if reselect:
            self.reselect()
        if self._state.era.bypass_in_every_mode and not self._state.carrying:
            self._rescue()
        self.refresh()

    def _link_up(self, slave: Slave) -> bool:
        """False when the slave stays down, because nobody knows how fast it is."""
        if not self._read_speed(slave):
            slave.link = Link.DOWN
            return False
        slave.link, slave.delay = Link.UP, 0
        self._events.log(self._messages.up(slave.name, slave.speed))
        self._tell_link(slave)
        return True

    def _tell_link(self, slave: Slave) -> None:
        self.rule.link_changed(slave)
        self._events.emit("link", slave.name, "up" if slave.link is Link.UP else "down")

    def _link_down(self, slave: Slave) -> None:
        slave.link = Link.DOWN
        if not self._state.era.count_failure_at_detection:
            slave.failures += 1
        self._events.log(self._messages.down(slave.name))
        self._tell_link(slave)

    def _rescue(self) -> None:
        """All links are down: the slave nearest to the end of its updelay need not wait (HOWTO 12.3)."""
        waiting = [s for s in self._state.slaves.values() if s.link is Link.BACK]
        if waiting and self._link_up(min(waiting, key=lambda s: s.delay)):
            self.reselect()

    # ---- the active slave

    def reselect(self, *, force_primary: bool = False, because_of_joining: Slave | None = None) -> None:
        """Choose the active slave anew."""
        state = self._state
        joining = because_of_joining
        if joining is not None and not (
            state.era.reselect_on_enslave or state.active is None or joining is state.primary
        ):
            return
        if joining is not None and joining.link is Link.BACK and not state.era.bypass_in_every_mode:
            return  # today's driver lets even the first slave wait for a poll
        chosen = choose_active(state, force_primary=force_primary)
        if chosen is not state.active:
            self.make_active(chosen)

    def make_active(self, slave: Slave | None) -> None:
        """This slave, or none, is the active one from now on."""
        state = self._state
        state.active = slave
        if slave is None:
            if self.rule.has_active_slave:
                self._events.log(self._messages.no_active())
                self._events.emit("active", None, "")
            return
        earlier = 0
        if slave.link is Link.BACK:
            earlier = slave.delay * state.options.miimon
            slave.link, slave.delay = Link.UP, 0
            self._tell_link(slave)
        if not self.rule.has_active_slave:
            return
        self._events.log(self._messages.new_active(slave.name, earlier))
        self._events.emit("active", slave.name, slave.name)
        self.refresh()  # the switch must not learn the new port before we send and listen there
        if state.admin_up:
            self._notices.start()

    # ---- what others see

    def refresh(self) -> None:
        """Publish the plan and the carrier that follow from the state."""
        state = self._state
        self._machine.publish(self.rule.plan())
        carrier = self.rule.carrier()
        if carrier != state.carrier:
            state.carrier = carrier
            self._machine.set_bond_carrier(carrier)
            self._events.emit("carrier", None, "up" if carrier else "down")
