"""What follows from links: each slave's state, the active slave, the bond's carrier, the forwarding plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bondimpl import modes
from bondimpl.clock import Clock
from bondimpl.events import EventSource
from bondimpl.hearing import Hearing
from bondimpl.machine import Machine, Speed
from bondimpl.messages import Messages
from bondimpl.modes.base import Services
from bondimpl.monitors import targets
from bondimpl.monitors.arp_monitor import ArpMonitor
from bondimpl.monitors.base import Monitor, Verdict
from bondimpl.monitors.mii import MiiMonitor
from bondimpl.notices import GroupReports, PeerNotices
from bondimpl.options import BondOptions
from bondimpl.selection import choose_active
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState
from bondimpl.vlans import VlanDevices

ASSUMED_SPEED = Speed(100, "full")


class LinkControl:
    """Runs the monitor of one bond and acts on what it finds."""

    def __init__(self, state: BondState, clock: Clock, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._clock = clock
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._notices = PeerNotices(state, clock, machine, events, lambda: self.rule.announcers())
        self._reports = GroupReports(state, clock, machine, events)
        self._hearing = Hearing(state, machine, events)
        self._services = Services(clock, machine, events, self.refresh, self.announce)
        self._mii = MiiMonitor(state, self._services, self)
        self._arp = ArpMonitor(state, self._services, self)
        self.rule = modes.rule_for(state, self._services)
        """The rule of the bond's mode."""
        self.vlans = VlanDevices(state, machine, events)

    # ---- slaves come and go

    def join(self, slave: Slave) -> None:
        """A new slave, which `look_at` has seen, becomes one of the bond's."""
        state = self._state
        up = slave.link is not Link.DOWN
        state.slaves[slave.name] = slave
        self.rule.joined(slave)
        self._arp.records.joined(slave)
        self.reselect(force_primary=slave is state.primary, because_of_joining=slave)
        self._events.log(self._messages.enslaving(slave.name, active=self.rule.is_active(slave), up=up))
        self.refresh()

    def leave(self, slave: Slave) -> None:
        """A slave that is one no longer."""
        self._events.log(self._messages.releasing(slave.name, active=self.rule.leaves_active(slave)))
        del self._state.slaves[slave.name]
        self.rule.left(slave)
        if slave is self._state.trying:
            self._state.trying = None
        if slave is self._state.active:
            self.reselect()
        self._arp.records.left(slave)
        self._events.emit("left", slave.name, "")
        self.refresh()

    def stop_notices(self) -> None:
        """Say no more to neighbours and switches."""
        self._notices.stop()
        self._reports.stop()

    def look_at(self, slave: Slave) -> None:
        """Read the speed and link of a slave that is about to join. Raises MachineError."""
        state = self._state
        speed_known = self._read_speed(slave, first=True)
        self._read_carrier(slave)
        monitor = self._monitor()
        link = monitor.first_look(slave.name) if monitor else True
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

    def _monitor(self) -> Monitor | None:
        """The monitor that the options ask for."""
        return self._monitor_of(self._state.options)

    def _monitor_of(self, options: BondOptions) -> Monitor | None:
        if options.miimon:
            return self._mii
        if options.arp_interval and (targets.of(options) or not self._state.era.arp_needs_target):
            return self._arp
        return None

    def options_changed(self, before: BondOptions) -> None:
        """The bond had these options until now: start anew if that concerns the monitor."""
        options = self._state.options
        periods = (options.miimon, options.arp_interval) == (before.miimon, before.arp_interval)
        if not periods or self._monitor() is not self._monitor_of(before):
            self.restart_monitor()

    def restart_monitor(self) -> None:
        """Monitor, or do not, as admin state and options say now; the first look is at once."""
        self._mii.stop()
        self._arp.stop()
        monitor = self._monitor()
        if self._state.admin_up and monitor:
            monitor.start()

    def frame_from_slave(self, slave: Slave, frame: bytes) -> bool:
        """A punted frame was received; whether it goes no further."""
        if self._arp.punts:
            self._arp.records.heard(slave, frame)
        return self.rule.frame_from_slave(slave, frame)

    def device_changed(self, slave: Slave) -> None:
        """The device says that something about it is new. Raises MachineError."""
        known = slave.carrier
        self._read_carrier(slave)
        if slave.carrier != known:
            self.refresh()
        self.speed_may_have_changed(slave)

    def _read_carrier(self, slave: Slave) -> None:
        if self.rule.tests_carrier:
            slave.carrier = self._machine.probe.carrier(slave.name)

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
        """Take note of the speed of a slave in use. Raises MachineError."""
        known = slave.speed
        if slave.link is not Link.UP or self._forgets_speed(slave):
            return
        if not self._read_speed(slave):
            self.commit([Verdict(slave, up=False)])
        elif slave.speed != known:
            self.rule.speed_changed(slave)
            self.refresh()

    def _forgets_speed(self, slave: Slave) -> bool:
        """Whether it may have forgotten its speed with its link, which downdelay is to outlast."""
        judged = self.rule.needs_speed and self._state.era.polls_speed
        return judged and self._mii.first_look(slave.name) is False

    def poll_speeds(self) -> None:
        """Take note of the slaves' speeds, where the mode wants them at each poll. Raises MachineError."""
        if self.rule.needs_speed and self._state.era.polls_speed:
            for slave in self._state.slaves.values():
                self.speed_may_have_changed(slave)

    def bypasses_updelay(self) -> bool:
        """Whether the next link to come up is used at once (HOWTO 12.3)."""
        return self.rule.bypasses_updelay()

    def commit(self, verdicts: Iterable[Verdict]) -> None:
        """These links are up or down; choose the active slave anew where that follows."""
        reselect = False
        for verdict in verdicts:
            slave, active = verdict.slave, self._state.active
            if verdict.up:
                if not self._link_up(slave, verdict.line):
                    continue
                wanted = slave is self._state.primary or (
                    active is not None and slave.options.prio > active.options.prio
                )
                reselect |= active is None or wanted
            else:
                self._link_down(slave, verdict.line)
                reselect |= slave is active
        if reselect:
            self.reselect()
        if self._state.era.bypass_in_every_mode and not self._state.carrying:
            self._rescue()
        self.refresh()

    def _link_up(self, slave: Slave, line: str | None = None) -> bool:
        """False when the slave stays down, because nobody knows how fast it is."""
        if not self._read_speed(slave):
            slave.link = Link.DOWN
            return False
        slave.link, slave.delay, slave.tried = Link.UP, 0, False
        self._read_carrier(slave)
        self._events.log(line or self._messages.up(slave.name, slave.speed))
        self._tell_link(slave)
        return True

    def _tell_link(self, slave: Slave) -> None:
        self.rule.link_changed(slave)
        self._events.emit("link", slave.name, "up" if slave.link is Link.UP else "down")

    def _link_down(self, slave: Slave, line: str | None) -> None:
        slave.link = Link.DOWN
        self._events.log(line or self._messages.down(slave.name))
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
        before, state.active = state.active, slave
        if slave is None:
            if self.rule.has_active_slave:
                self._events.log(self._messages.no_active())
                self.rule.active_changed(before, None)
                self._events.emit("active", None, "")
            return
        self._arp.records.enabled(slave)
        earlier = 0
        if slave.link is Link.BACK:
            earlier = slave.delay * state.options.miimon
            slave.link, slave.delay = Link.UP, 0
            self._tell_link(slave)
        if not self.rule.has_active_slave:
            self._report_groups()
            return
        self._events.log(self._messages.new_active(slave.name, earlier))
        self.rule.active_changed(before, slave)
        self._events.emit("active", slave.name, slave.name)
        self.refresh()  # the switch must not learn the new port before we send and listen there
        if self.rule.announces_failover:
            self.announce()
        self._report_groups()

    def announce(self) -> None:
        """Tell the neighbours where the bond is now."""
        if self._state.admin_up:
            self._notices.start()

    def _report_groups(self) -> None:
        if self._state.admin_up and self.rule.reports_groups:
            self._reports.start()

    # ---- what others see

    def refresh(self) -> None:
        """Publish the plan, what slaves let in, and the carrier that follow from the state."""
        state = self._state
        self.vlans.follow()
        plan = self.rule.plan()
        addresses = None if state.promiscuous else state.vlan_addresses
        punt = plan.punt + self._arp.punts
        self._machine.publish(replace(plan, punt=punt, vlan_addresses=addresses))
        self._hearing.follow(active_only=self.rule.has_active_slave)
        carrier = self.rule.carrier()
        if carrier != state.carrier:
            state.carrier = carrier
            self._machine.set_bond_carrier(carrier)
            self._events.emit("carrier", None, "up" if carrier else "down")
