"""The master device: its slaves, its active slave, its address, its link monitor. No I/O, no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from bondimpl.addresses import policy_for
from bondimpl.clock import Clock
from bondimpl.era import Era
from bondimpl.errors import BondError, OptionError, SlaveError
from bondimpl.events import EventSource, Listener
from bondimpl.frames import ethernet
from bondimpl.link_control import LinkControl
from bondimpl.machine import Machine, PortInfo
from bondimpl.membership import Membership
from bondimpl.messages import Messages
from bondimpl.options import TX_QUEUES, BondOptions, SlaveOptions, row, table
from bondimpl.settle import at_runtime
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState
from bondimpl.status import BondStatus, snapshot
from bondimpl.vlans import Vlan


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
        self._machine = machine
        self._events = EventSource(name, clock)
        self._links = LinkControl(self._state, clock, machine, self._events)
        self._messages = Messages(name, era)
        self._early_warnings = tuple(warnings)
        self._members = Membership(self._state, machine, self._links, self._events, random_mac)
        self._members.empty_address()
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

    @property
    def mac_is_users(self) -> bool:
        """Whether the user has given the bond its address."""
        return self._state.mac_is_users

    @property
    def promiscuous(self) -> bool:
        """Whether the bond device receives frames to any address."""
        return self._state.promiscuous

    @property
    def all_multicast(self) -> bool:
        """Whether the bond device receives frames to any group."""
        return self._state.all_multicast

    def snapshot(self) -> BondStatus:
        """Everything there is to know, as frozen data."""
        return snapshot(self._state, self._links.rule.lacp_status())

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called with every event from now on; warnings from load time come first."""
        self._events.subscribe(listener)
        for warning in self._early_warnings:
            self._events.log(self._messages.plain(warning))
        self._early_warnings = ()

    def note(self, line: str) -> None:
        """A line for the log about something outside of the bond, such as the tools that it is used by."""
        self._events.log(self._messages.plain(line))

    # ---- administration

    def open(self) -> None:
        """The device was brought up: monitoring starts with a poll at once."""
        if self._state.admin_up:
            return
        self._state.admin_up = True
        self._links.rule.opened()
        self._links.restart_monitor()
        self._links.refresh()

    def close(self) -> None:
        """The device was brought down: slaves stay, link states freeze."""
        self._state.admin_up = False
        self._links.rule.closed()
        self._links.stop_notices()
        self._links.restart_monitor()
        self._links.refresh()

    def destroy(self) -> None:
        """Remove every VLAN device, and release every slave."""
        for vlan in list(self.vlans):
            self.remove_vlan(vlan)
        for name in list(self._state.slaves):
            self.release(name)
        self.close()

    def set_mac(self, mac: bytes) -> None:
        """The user gave the bond an address (6 bytes); the slaves that are to wear it do (MachineError).

        With `fail_over_mac` the bond does not ask the user: the address stays what it is.
        """
        if not ethernet.is_unicast(mac):
            raise BondError(f"{ethernet.format_mac(mac)} is not a unicast address", "EADDRNOTAVAIL")
        policy = policy_for(self._state)
        if not policy.user_decides:
            self._machine.set_bond_mac(self._state.mac)
            return
        changes = policy.when_bond_mac_is_set(self._state, mac)
        with ExitStack() as undo:
            for slave, new in changes.items():
                self._machine.set_slave_mac(slave.name, new)
                undo.callback(self._machine.set_slave_mac, slave.name, slave.mac)
            self._machine.set_bond_mac(mac)
            undo.pop_all()
        for slave, new in changes.items():
            slave.mac = new
        self._state.mac, self._state.mac_is_users = mac, True
        self._events.emit("address", None, ethernet.format_mac(mac))
        self._links.rule.bond_mac_set(tuple(changes))
        self._links.refresh()

    def set_mtu(self, mtu: int) -> None:
        """The user gave the bond an MTU in bytes; all slaves take it, or none does (MachineError)."""
        with ExitStack() as undo:
            for slave in self._state.slaves:
                self._machine.set_slave_mtu(slave, mtu)
                undo.callback(self._machine.set_slave_mtu, slave, self._state.mtu)
            undo.pop_all()
        self._state.mtu = mtu

    def set_promiscuous(self, on: bool) -> None:
        """The bond device is to receive frames to any address, or no longer (HOWTO section 11)."""
        self._state.promiscuous = on
        self._links.refresh()

    def set_all_multicast(self, on: bool) -> None:
        """The bond device is to receive frames to any group, or no longer."""
        self._state.all_multicast = on
        self._links.refresh()

    def set_option(self, name: str, text: str) -> None:
        """Change an option of the live bond; `active_slave` counts as one. Raises OptionError, SlaveError."""
        if name == "active_slave":
            self.set_active_slave(text or None)
        else:
            self.set_options({name: text})

    def set_options(self, texts: Mapping[str, str]) -> None:
        """Change several options of the live bond, in this order, all of them or none. Raises OptionError."""
        state = self._state
        options = state.options
        warnings: list[str] = []
        for name, text in texts.items():
            options, more = at_runtime(options, name, text, up=state.admin_up, has_slaves=bool(state.slaves))
            warnings += more
        before, state.options = state.options, options
        for warning in warnings:
            self._events.log(self._messages.plain(warning))
        given = {row(name).name for name in texts}
        for name in table():
            if name in given or getattr(options, name) != getattr(before, name):
                self._events.emit("option", None, f"{name}={row(name).kind.text(getattr(options, name))}")
        if options.mode is not before.mode:
            self._links.change_mode()
        self._links.options_changed(before)
        self._links.rule.options_changed(given)
        if given & {"primary", "primary_reselect"}:
            self._links.reselect(force_primary="primary" in given)
        self._links.refresh()

    def set_slave_option(self, slave_name: str, name: str, text: str) -> None:
        """Change an option of one slave. Raises OptionError, SlaveError."""
        slave = self._slave(slave_name)
        known = row(name, SlaveOptions)
        if self.options.mode not in known.modes:
            raise OptionError(name, text, f"mode {self.options.mode} does not have it", "EACCES")
        value = known.parse(text)
        if known.name == "queue_id" and value:
            self._check_queue(slave, value)
            if self._links.rule.has_queues:
                self._machine.open_queues(TX_QUEUES)
        slave.options = replace(slave.options, **{name: value})
        self._links.rule.slave_options_changed(slave)
        if known.name == "prio":
            self._links.reselect()
        self._links.refresh()

    def _check_queue(self, slave: Slave, number: int) -> None:
        """Raise OptionError when no transmit queue, or that of another slave, has this number."""
        if number > TX_QUEUES:
            allowed = f"allowed: 0 to {TX_QUEUES}, the number of transmit queues"
            raise OptionError("queue_id", number, allowed, "EPERM")
        for other in self._state.slaves.values():
            if other is not slave and other.options.queue_id == number:
                raise OptionError("queue_id", number, f"{other.name} has it", "EPERM")

    def set_active_slave(self, name: str | None) -> None:
        """Make a slave the active one by hand (`ifenslave -c`); None chooses anew. Raises SlaveError."""
        if not self._links.rule.has_active_slave:
            raise OptionError("active_slave", name, f"mode {self.options.mode} has no active slave", "EACCES")
        if name is None:
            self._links.reselect()
        else:
            slave = self._slave(name)
            if slave.link is not Link.UP:
                raise SlaveError(f"{name} cannot be active: its link is {slave.link.value}")
            if self._state.active is None:
                raise SlaveError(f"{name} cannot be made active: the bond has no active slave to change from")
            self._links.make_active(slave)
        self._links.refresh()

    # ---- VLAN devices

    @property
    def vlans(self) -> Mapping[int, Vlan]:
        """The VLAN devices that the driver has made, by id."""
        return self._links.vlans.all

    def add_vlan(self, vlan: int, name: str) -> None:
        """Make a device for that VLAN over the bond, with the bond's address. Raises BondError."""
        self._links.vlans.add(vlan, name)
        self._links.refresh()

    @property
    def vlan_ids(self) -> tuple[int, ...]:
        """The VLANs that slaves have been told of: with devices of the driver's or of the kernel's own."""
        return self._state.vlan_ids

    def vlans_changed(self) -> None:
        """There are other VLAN devices over the bond than `vlan_ids` says. Raises MachineError."""
        self._links.vlans.learn()
        self._links.refresh()

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device of that VLAN. Raises BondError."""
        self._links.vlans.remove(vlan)
        self._links.refresh()

    def vlan_changed(self, vlan: int, name: str, mac: bytes, *, up: bool) -> None:
        """The device has this name and address (6 bytes) now, and is up or not. Raises MachineError."""
        self._links.vlans.device_changed(vlan, name, mac, up=up)
        self._links.refresh()

    # ---- members

    def enslave(self, port: PortInfo) -> None:
        """Add a slave. Raises SlaveError with the reason, MachineError when the machine refuses."""
        self._members.enslave(port)

    def release(self, name: str) -> None:
        """Detach a slave: it gets back its address and MTU, and is left down. Raises SlaveError."""
        self._members.release(self._slave(name))

    def slave_vanished(self, name: str) -> None:
        """A slave's interface is gone from the machine; nothing is left to give back to it."""
        self._members.vanished(self._slave(name))

    # ---- frames and device events

    def frame_from_slave(self, slave: str, frame: bytes) -> bool:
        """A frame that the plan punts was received on a slave; whether it goes no further."""
        return self._links.frame_from_slave(self._slave(slave), frame)

    def frame_from_host(self, frame: bytes) -> bool:
        """A frame that the plan punts was sent by the host; whether it goes no further."""
        return self._links.rule.frame_from_host(frame)

    def bucket_missed(self, bucket: int) -> str | None:
        """A frame is of a bucket that the plan leaves open; the slave by which it is to leave."""
        return self._links.rule.bucket_missed(bucket)

    def slave_changed(self, name: str) -> None:
        """The device of a slave has said that something about it is new. Raises SlaveError, MachineError."""
        self._links.device_changed(self._slave(name))

    def _slave(self, name: str) -> Slave:
        if name not in self._state.slaves:
            raise SlaveError(f"{name} is not a slave of {self.name}")
        return self._state.slaves[name]
