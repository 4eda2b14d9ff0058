"""Slaves join and leave a bond: what they are given, what they get back (HOWTO sections 3.3, 5.2, 14)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from bondimpl.addresses import policy_for
from bondimpl.admission import check_candidate
from bondimpl.errors import MachineError, SlaveError
from bondimpl.events import EventSource
from bondimpl.frames import ethernet
from bondimpl.link_control import LinkControl
from bondimpl.machine import Machine, PortInfo
from bondimpl.messages import Messages
from bondimpl.slave import Slave
from bondimpl.state import BondState


class Membership:
    """Adds and removes the slaves of one bond. A refused slave changes nothing."""

    def __init__(
        self,
        state: BondState,
        machine: Machine,
        links: LinkControl,
        events: EventSource,
        random_mac: Callable[[], bytes],
    ) -> None:
        self._state = state
        self._machine = machine
        self._links = links
        self._events = events
        self._random_mac = random_mac
        self._messages = Messages(state.name, state.era)

    def enslave(self, port: PortInfo) -> None:
        """Raises SlaveError with the reason, MachineError when the machine refuses."""
        check_candidate(self._state, port)
        machine, state = self._machine, self._state
        takes_its_address = not state.slaves and not state.mac_is_users
        bond_mac = port.mac if takes_its_address else state.mac
        addresses = policy_for(state)
        mac = addresses.of_new_slave(state, port, bond_mac)
        with ExitStack() as undo:
            machine.attach(port.name)
            undo.callback(machine.detach, port.name)
            machine.set_slave_mtu(port.name, state.mtu)
            undo.callback(machine.set_slave_mtu, port.name, port.mtu)
            machine.set_slave_mac(port.name, bond_mac if addresses.changes_while_up else mac)
            undo.callback(machine.set_slave_mac, port.name, port.mac)
            machine.set_slave_up(port.name, True)
            undo.callback(machine.set_slave_up, port.name, False)
            if addresses.changes_while_up:
                self._change_mac_while_up(port.name, mac)
            slave = Slave(port, mac)
            self._links.look_at(slave)
            if takes_its_address:
                machine.set_bond_mac(bond_mac)
            undo.pop_all()
        state.mac = bond_mac
        self._events.emit("joined", port.name, ethernet.format_mac(mac))
        self._links.join(slave)

    def release(self, slave: Slave) -> None:
        """It gets back its address and MTU, and is left down."""
        name = slave.name
        self._links.leave(slave)
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
                self._events.log(self._messages.plain(f"releasing {name}: {error}"))
        if not self._state.slaves:
            self._emptied()
        elif slave.permanent_mac == self._state.mac and policy_for(self._state).user_decides:
            self._events.log(self._messages.address_stays(name, ethernet.format_mac(slave.permanent_mac)))

    def vanished(self, slave: Slave) -> None:
        """Its interface is gone from the machine; nothing is left to give back to it."""
        self._links.leave(slave)
        self._machine.detach(slave.name)
        if not self._state.slaves:
            self._emptied()

    def empty_address(self) -> None:
        """The bond has no slave whose address it could have. Raises MachineError."""
        self._state.mac_is_users = False
        self._state.mac = ethernet.ZERO_MAC if self._state.era.empty_bond_mac_is_zero else self._random_mac()
        self._machine.set_bond_mac(self._state.mac)

    def _emptied(self) -> None:
        """The last slave has left."""
        self.empty_address()
        self._links.vlans.bond_emptied()
        self._links.refresh()

    def _change_mac_while_up(self, slave: str, mac: bytes) -> None:
        try:
            self._machine.set_slave_mac(slave, mac)
        except MachineError as error:
            raise SlaveError(
                f"{slave}: mode {self._state.options.mode} needs a driver that lets the hardware address be "
                f"changed while the interface is up: {error}",
                "EOPNOTSUPP",
            ) from error
