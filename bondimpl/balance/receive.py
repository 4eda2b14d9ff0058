"""Receive load balancing: peers are told by ARP which slave to send to (HOWTO section 2, balance-alb)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from bondimpl.balance.clients import Client, ClientTable
from bondimpl.balance.learning import Learning
from bondimpl.errors import MachineError
from bondimpl.frames import arp
from bondimpl.frames.arp import Arp
from bondimpl.machine import Machine
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState

UPDATE_PAUSE_TICKS = 20
"""Between rounds of updates, and after an ARP request of the host, which undoes them."""
UPDATE_RETRIES = 3
PROMISCUOUS_TICKS = 100
_BURST = 2


class ReceiveBalance:
    """The clients of one bond, and what is still to be told to them. Ticks are of 100 ms."""

    def __init__(self, state: BondState, machine: Machine, learning: Learning) -> None:
        self._state = state
        self._machine = machine
        self._learning = learning
        self.clients = ClientTable()
        self._rebalance = False
        self._updates_due = False
        self._pause = 0
        self._retries = 0
        self._promiscuous: Slave | None = None
        self._promiscuous_ticks = 0

    # ---- ARP

    def asked_or_answered(self, packet: Arp, vlan: int | None) -> Slave | None:
        """The slave that the client belongs to, for whom this request or reply of the host is meant."""
        slave = self._assign(packet, vlan)
        if packet.operation == arp.REQUEST:
            # All who hear it take the bond's address for the host's; they are told otherwise a little later.
            self._pause = UPDATE_PAUSE_TICKS
            self._mark(c for c in self.clients if c.own == packet.sender and self._is_misled(c))
        return slave

    def heard(self, packet: Arp) -> None:
        """ARP came in, on whatever slave."""
        if packet.sender_mac in {slave.mac for slave in self._state.slaves.values()}:
            return  # ours, flooded back by a switch
        self.clients.forget_own(packet)
        if packet.operation == arp.REPLY and (client := self.clients.answered(packet)) is not None:
            self._mark([client])

    def _assign(self, packet: Arp, vlan: int | None) -> Slave | None:
        known, occupant = self.clients.find(packet), self.clients.at(packet.target)
        if known is not None and known.slave is not None:
            return known.slave
        if known is None and occupant is not None:
            self._evict(occupant)
        slave = self.clients.next_slave(self._usable())
        if slave is not None:
            client = self.clients.add(packet, slave, vlan)
            if client.reachable:
                self._mark([client])
        return slave

    def _evict(self, client: Client) -> None:
        """Its place goes to another: it is told once to send to the active slave, as those unknown do."""
        active = self._state.active
        if active is not None and client.slave is not active:
            client.slave = active
            self._update(client)

    def _is_misled(self, client: Client) -> bool:
        return client.slave is not None and client.slave.mac != self._state.mac and client.reachable

    # ---- slaves

    def rebalance_soon(self) -> None:
        """There are more slaves than before."""
        self._rebalance = True

    def slave_lost(self, slave: Slave, mac: bytes) -> None:
        """It is down or leaves; nobody wears `mac` then, to which its clients still send."""
        usable = [each for each in self._usable() if each is not slave]
        for client in self.clients:
            if client.slave is slave:
                client.slave = self.clients.next_slave(usable)
                if client.slave is not None and client.reachable:
                    self._mark([client], retry=True)
        if slave is not self._state.active:
            self.stand_in(mac)

    def address_changed(self, slave: Slave) -> None:
        """Its clients have to send to another address."""
        self._mark([c for c in self.clients if c.slave is slave and c.reachable], retry=True)

    def stand_in(self, mac: bytes) -> None:
        """For a while the active slave receives, by whatever switch, what is sent to `mac`."""
        active = self._state.active
        if active is None:
            return
        if self._promiscuous is None:
            self._set_promiscuous(active)
        self._promiscuous_ticks = 0
        self._learning.send(active.name, mac)

    def end_stand_in(self) -> None:
        """No slave hears what is not meant for it."""
        self._set_promiscuous(None)

    # ---- time

    def tick(self) -> None:
        """100 ms have passed."""
        if self._promiscuous is not None:
            self._promiscuous_ticks += 1
            if self._promiscuous_ticks >= PROMISCUOUS_TICKS:
                self.end_stand_in()
        if self._rebalance:
            self._rebalance = False
            self._deal_anew()
        if not self._updates_due:
            return
        if self._pause:
            self._pause -= 1
            return
        for client in self.clients:
            if client.due:
                self._update(client)
                client.due = self._retries > 0
        self._pause = UPDATE_PAUSE_TICKS
        self._updates_due = self._retries > 0
        self._retries = max(0, self._retries - 1)

    def _deal_anew(self) -> None:
        usable = self._usable()
        for client in self.clients:
            slave = self.clients.next_slave(usable)
            if slave is not None and client.slave is not slave:
                client.slave = slave
                if client.reachable:
                    self._mark([client])

    # ---- effects

    def _mark(self, clients: Iterable[Client], *, retry: bool = False) -> None:
        for client in clients:
            client.due = self._updates_due = True
            if retry:
                self._retries = UPDATE_RETRIES

    def _update(self, client: Client) -> None:
        if client.slave is None or not client.reachable:
            return
        frame = arp.reply(client.own, client.slave.mac, client.address, client.mac, client.vlan)
        with suppress(MachineError):  # its loss is noticed by the monitor, which has the client told anew
            for _ in range(_BURST):
                self._machine.transmit(client.slave.name, frame)

    def _set_promiscuous(self, slave: Slave | None) -> None:
        before, self._promiscuous = self._promiscuous, slave
        with suppress(MachineError):  # a slave that is gone has taken it along
            if before is not None:
                self._machine.set_promiscuous(before.name, False)
            if slave is not None:
                self._machine.set_promiscuous(slave.name, True)

    def _usable(self) -> Sequence[Slave]:
        return [slave for slave in self._state.slaves.values() if slave.link is Link.UP]
