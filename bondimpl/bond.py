"""The master device: its slaves, its active slave, its address, its link monitor. No I/O, no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from bondimpl import modes
from bondimpl.clock import Clock, Ticker
from bondimpl.era import Era
from bondimpl.errors import BondError, MachineError, NotBuilt, OptionError, SlaveError
from bondimpl.events import Event, EventKind
from bondimpl.frames import ethernet
from bondimpl.machine import Machine, PortInfo
from bondimpl.messages import Messages
from bondimpl.monitors import mii
from bondimpl.notices import PeerNotices
from bondimpl.options import BondOptions, SlaveOptions, row
from bondimpl.selection import choose_active
from bondimpl.settle import at_runtime
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState
from bondimpl.status import BondStatus, snapshot

Listener = Callable[[Event], None]


class Bond:
    """One bond. Refused requests raise BondError and change nothing."""

    def __init__(
        self,
        name: str,
        options: BondOptions,
        *,
        era: Era,
        clock: Clock,
        machine: Machine,
        warnings: Iterable[str] = (),
        random_mac: Callable[[], bytes] = ethernet.random_local,
    ) -> None:
        self._state = BondState(name, era, options)
        self._clock = clock
        self._machine = machine
        self._random_mac = random_mac
        self._rule = modes.rule_for(self._state)
        self._notices = PeerNotices(self._state, clock, machine)
        self._messages = Messages(name, era)
        self._monitor: Ticker | None = None
        self._listeners: list[Listener] = []
        self._early_warnings = tuple(warnings)
        self._empty_address()
        self._state.mtu = machine.bond_mtu()
        machine.set_bond_carrier(False)

    # ---- what it looks like

    @property
    def name(self) -> str:
        """Device name."""
        return self._state.name

    @property
    def options(self) -> BondOptions:
        """Options in force."""
        return self._state.options

    @property
    def slaves(self) -> Mapping[str, Slave]:
        """Slaves by name, in the order of enslaving."""
        return self._state.slaves

    @property
    def admin_up(self) -> bool:
        """Whether the device is administratively up."""
        return self._state.admin_up

    @property
    def mac(self) -> bytes:
        """The bond's address; zeroes while the era says that it has none."""
        return self._state.mac

    def snapshot(self) -> BondStatus:
        """Everything there is to know, as frozen data."""
        return snapshot(self._state)

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called with every event from now on; warnings from load time come first."""
        self._listeners.append(listener)
        for warning in self._early_warnings:
            self._log(self._messages.plain(warning))
        self._early_warnings = ()

    # ---- administration

    def open(self) -> None:
        """The device was brought up: monitoring starts with a poll at once."""
        if self._state.admin_up:
            return
        self._state.admin_up = True
        self._restart_monitor()
        self._refresh()

    def close(self) -> None:
        """The device was brought down: slaves stay, link states freeze."""
        self._state.admin_up = False
        self._notices.stop()
        self._restart_monitor()
        self._refresh()

    def destroy(self) -> None:
        """Release every slave."""
        for name in list(self._state.slaves):
            self.release(name)
        self.close()

    def set_mac(self, mac: bytes) -> None:
        """The user gave the bond an address (6 bytes); all slaves take it."""
        if not ethernet.is_unicast(mac):
            raise BondError(f"{ethernet.format_mac(mac)} is not a unicast address", "EADDRNOTAVAIL")
        with ExitStack() as undo:
            for slave in self._state.slaves:
                self._machine.set_slave_mac(slave, mac)
                undo.callback(self._machine.set_slave_mac, slave, self._state.mac)
            self._machine.set_bond_mac(mac)
            undo.pop_all()
        self._state.mac, self._state.mac_is_users = mac, True
        self._emit("address", None, ethernet.format_mac(mac))

    def set_mtu(self, mtu: int) -> None:
        """The user gave the bond an MTU in bytes; all slaves take it, or none does (MachineError)."""
        with ExitStack() as undo:
            for slave in self._state.slaves:
                self._machine.set_slave_mtu(slave, mtu)
                undo.callback(self._machine.set_slave_mtu, slave, self._state.mtu)
            undo.pop_all()
        self._state.mtu = mtu

    def set_option(self, name: str, text: str) -> None:
        """Change an option of the live bond. Raises OptionError."""
        if name == "active_slave":
            self.set_active_slave(text or None)
            return
        state = self._state
        options, warnings = at_runtime(
            state.options, name, text, up=state.admin_up, has_slaves=bool(state.slaves), era=state.era
        )
        changed = row(name).name
        state.options = options
        for warning in warnings:
            self._log(self._messages.plain(warning))
        self._emit("option", None, f"{changed}={row(changed).kind.text(getattr(options, changed))}")
        if changed == "mode":
            self._rule = modes.rule_for(state)
        if changed == "miimon":
            self._restart_monitor()
        if changed in ("primary", "primary_reselect"):
            self._reselect(force_primary=changed == "primary")
        self._refresh()

    def set_slave_option(self, slave_name: str, name: str, text: str) -> None:
        """Change an option of one slave. Raises OptionError, SlaveError."""
        slave = self._slave(slave_name)
        known = row(name, SlaveOptions)
        if self.options.mode not in known.modes:
            raise OptionError(name, text, f"mode {self.options.mode} does not have it", "EACCES")
        value = known.parse(text)
        if name == "queue_id" and value:
            raise NotBuilt("queue_id")
        slave.options = replace(slave.options, **{name: value})
        if name == "prio":
            self._reselect()
            self._refresh()

    def set_active_slave(self, name: str | None) -> None:
        """Make a slave the active one by hand (`ifenslave -c`); None chooses anew. Raises SlaveError."""
        if not self._rule.has_active_slave:
            raise OptionError("active_slave", name, f"mode {self.options.mode} has no active slave", "EACCES")
        if name is None:
            self._reselect()
        else:
            slave = self._slave(name)
            if slave.link is not Link.UP:
                raise SlaveError(f"{name} cannot be active: its link is {slave.link.value}")
            if self._state.active is None:
                raise SlaveError(f"{name} cannot be made active: the bond has no active slave to change from")
            self._make_active(slave)
        self._refresh()

    # ---- members

    def enslave(self, port: PortInfo) -> None:
        """Add a slave. Raises SlaveError with the reason, MachineError when the machine refuses."""
        self._check_candidate(port)
        machine, state = self._machine, self._state
        takes_its_address = not state.slaves and not state.mac_is_users
        mac = port.mac if takes_its_address else state.mac
        with ExitStack() as undo:
            machine.attach(port.name)
            undo.callback(machine.detach, port.name)
            machine.set_slave_mtu(port.name, state.mtu)
            undo.callback(machine.set_slave_mtu, port.name, port.mtu)
            machine.set_slave_mac(port.name, mac)
            undo.callback(machine.set_slave_mac, port.name, port.mac)
            machine.set_slave_up(port.name, True)
            undo.callback(machine.set_slave_up, port.name, False)
            if takes_its_address:
                machine.set_bond_mac(mac)
            undo.pop_all()
        state.mac = mac
        slave = Slave(port, speed=machine.probe.speed(port.name))
        up = self._link_on_joining(slave)
        state.slaves[port.name] = slave
        self._rule.joined(slave)
        self._emit("joined", port.name, ethernet.format_mac(mac))
        self._reselect(force_primary=slave is state.primary, because_of_joining=slave)
        active = slave is state.active or not self._rule.has_active_slave
        self._log(self._messages.enslaving(port.name, active=active and slave.carries, up=up))
        self._refresh()

    def release(self, name: str) -> None:
        """Detach a slave: it gets back its address and MTU, and is left down. Raises SlaveError."""
        slave = self._slave(name)
        self._log(self._messages.releasing(name, active=slave is self._state.active))
        self._forget(slave)
        steps: tuple[Callable[[], None], ...] = (
            partial(self._machine.set_slave_up, name, False),
            partial(self._machine.set_slave_mac, name, slave.permanent_mac),
            partial(self._machine.set_slave_mtu, name, slave.original.mtu),
            partial(self._machine.detach, name),
        )
        for give_back in steps:
            try:
                give_back()
            except MachineError as error:
                self._log(self._messages.plain(f"releasing {name}: {error}"))
        if not self._state.slaves:
            self._empty_address()
        elif slave.permanent_mac == self._state.mac:
            self._log(self._messages.address_stays(name, ethernet.format_mac(slave.permanent_mac)))

    def slave_vanished(self, name: str) -> None:
        """A slave's interface is gone from the machine; nothing is left to give back to it."""
        slave = self._slave(name)
        self._log(self._messages.releasing(name, active=slave is self._state.active))
        self._forget(slave)
        self._machine.detach(name)
        if not self._state.slaves:
            self._empty_address()

    def _check_candidate(self, port: PortInfo) -> None:
        state = self._state
        if port.name == state.name or port.is_bond:
            raise SlaveError(f"{port.name} is a bond itself and cannot be enslaved", "EPERM")
        if not port.is_ethernet:
            raise SlaveError(f"{port.name} is not an Ethernet interface", "EPERM")
        if port.name in state.slaves:
            raise SlaveError(f"{port.name} is a slave of {state.name} already", "EBUSY")
        if port.master is not None:
            raise SlaveError(f"{port.name} belongs to {port.master} already", "EBUSY")
        if port.up:
            raise SlaveError(
                f"{port.name} is up; bring it down first (ip link set {port.name} down)", "EPERM"
            )
        if state.era.enslave_needs_bond_up and not state.admin_up:
            raise SlaveError(
                f"{state.name} is down; bring it up first (ip link set {state.name} up)", "EPERM"
            )

    def _link_on_joining(self, slave: Slave) -> bool:
        """Set the link state with which a slave joins; whether its link is good."""
        state = self._state
        link = self._read_link(slave.name) if state.options.miimon else True
        if link is None:
            self._log(self._messages.cannot_monitor(slave.name))
        good = link is not False
        if not good:
            slave.link = Link.DOWN
        elif state.polls(state.options.updelay) and not (
            state.era.bypass_in_every_mode and not state.carrying
        ):
            slave.link, slave.delay = Link.BACK, state.polls(state.options.updelay)
        else:
            slave.link = Link.UP
        return good

    def _forget(self, slave: Slave) -> None:
        del self._state.slaves[slave.name]
        if slave is self._state.active:
            self._reselect()
        self._emit("left", slave.name, "")
        self._refresh()

    def _slave(self, name: str) -> Slave:
        if name not in self._state.slaves:
            raise SlaveError(f"{name} is not a slave of {self.name}")
        return self._state.slaves[name]

    def _empty_address(self) -> None:
        self._state.mac_is_users = False
        self._state.mac = ethernet.ZERO_MAC if self._state.era.empty_bond_mac_is_zero else self._random_mac()
        self._machine.set_bond_mac(self._state.mac)

    # ---- link monitoring

    def _restart_monitor(self) -> None:
        if self._monitor is not None:
            self._monitor.stop()
            self._monitor = None
        if self._state.admin_up and self._state.options.miimon:
            self._monitor = Ticker(self._clock, self._state.options.miimon, self._poll, first_ms=0)

    def _read_link(self, slave: str) -> bool | None:
        return mii.read_link(self._machine.probe, slave, use_carrier=self._state.options.use_carrier)

    def _good(self, slave: str) -> bool:
        return self._read_link(slave) is not False

    def _poll(self) -> None:
        verdicts = list(
            mii.inspect(self._state, self._good, bypass_updelay=self._rule.bypasses_updelay(), say=self._log)
        )
        if verdicts:
            self._commit(verdicts)

    def _commit(self, verdicts: Iterable[mii.Verdict]) -> None:
        reselect = False
        for verdict in verdicts:
            slave, active = verdict.slave, self._state.active
            if verdict.up:
                self._link_up(slave)
                wanted = slave is self._state.primary or (
                    active is not None and slave.options.prio > active.options.prio
                )
                reselect |= active is None or wanted
            else:
                self._link_down(slave)
                reselect |= slave is active
        if reselect:
            self._reselect()
        if self._state.era.bypass_in_every_mode and not self._state.carrying:
            self._rescue()
        self._refresh()

    def _link_up(self, slave: Slave) -> None:
        slave.link, slave.delay = Link.UP, 0
        slave.speed = self._machine.probe.speed(slave.name)
        self._log(self._messages.up(slave.name, slave.speed))
        self._emit("link", slave.name, "up")

    def _link_down(self, slave: Slave) -> None:
        slave.link = Link.DOWN
        if not self._state.era.count_failure_at_detection:
            slave.failures += 1
        self._log(self._messages.down(slave.name))
        self._emit("link", slave.name, "down")

    def _rescue(self) -> None:
        """All links are down: the slave nearest to the end of its updelay need not wait (HOWTO 12.3)."""
        waiting = [s for s in self._state.slaves.values() if s.link is Link.BACK]
        if waiting:
            self._link_up(min(waiting, key=lambda s: s.delay))
            self._reselect()

    # ---- the active slave

    def _reselect(self, *, force_primary: bool = False, because_of_joining: Slave | None = None) -> None:
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
            self._make_active(chosen)

    def _make_active(self, slave: Slave | None) -> None:
        state = self._state
        state.active = slave
        if slave is None:
            if self._rule.has_active_slave:
                self._log(self._messages.no_active())
                self._emit("active", None, "")
            return
        earlier = 0
        if slave.link is Link.BACK:
            earlier = slave.delay * state.options.miimon
            slave.link, slave.delay = Link.UP, 0
            self._emit("link", slave.name, "up")
        if not self._rule.has_active_slave:
            return
        self._log(self._messages.new_active(slave.name, earlier))
        self._emit("active", slave.name, slave.name)
        self._refresh()  # the switch must not learn the new port before we send and listen there
        if state.admin_up:
            self._notices.start()

    # ---- output

    def _refresh(self) -> None:
        """Publish the plan and the carrier that follow from the state."""
        state = self._state
        self._machine.publish(self._rule.plan())
        carrier = bool(state.carrying)
        if carrier != state.carrier:
            state.carrier = carrier
            self._machine.set_bond_carrier(carrier)
            self._emit("carrier", None, "up" if carrier else "down")

    def _log(self, line: str) -> None:
        self._emit("log", None, line)

    def _emit(self, kind: EventKind, slave: str | None, value: str) -> None:
        event = Event(self._clock.now(), self.name, kind, slave, value)
        for listener in self._listeners:
            listener(event)
