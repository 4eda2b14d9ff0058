"""balance-alb (mode 6): balance-tlb, and peers send to different slaves, too (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bondimpl.addresses import when_leaving
from bondimpl.balance.receive import ReceiveBalance
from bondimpl.errors import MachineError
from bondimpl.forwarding import Accept, ForwardingPlan, Punt
from bondimpl.frames import arp, flow
from bondimpl.frames.balanced import Eligible
from bondimpl.frames.ethernet import ETHERTYPE_ARP
from bondimpl.frames.hashes import HashPolicy
from bondimpl.modes.balance_tlb import BalanceTlb
from bondimpl.modes.base import Services
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


class BalanceAlb(BalanceTlb):
    """The host's ARP is rewritten on its way out, so that each peer knows the host by one slave's address."""

    mode = Mode.BALANCE_ALB
    punts = (Punt(ETHERTYPE_ARP, from_host=True),)

    def __init__(self, state: BondState, services: Services) -> None:
        super().__init__(state, services)
        self._receive = self._new_receive()

    # ---- the plan

    def plan(self) -> ForwardingPlan:
        plan = super().plan()
        if not self.state.admin_up:
            return plan
        others = [slave for slave in self.state.slaves.values() if slave is not self.state.active]
        return replace(
            plan,
            accept={**{slave.name: Accept.UNICAST for slave in others}, **plan.accept},
            destinations={slave.name: (slave.mac, self.state.mac) for slave in others},
        )

    def _spread(self) -> tuple[Eligible, HashPolicy]:
        old = self.state.era.balances_by_destination
        return Eligible.IP_AND_NCP if old else Eligible.IP, HashPolicy.DESTINATION

    # ---- ARP

    def frame_from_host(self, frame: bytes) -> bool:
        packet = arp.decode(frame)
        if packet is None or packet.operation not in (arp.REQUEST, arp.REPLY) or not self._is_ours(packet):
            return False
        slave = self._receive.asked_or_answered(packet, flow.link(frame).vlan or None)
        if slave is None:
            return False
        if packet.operation == arp.REPLY:
            frame = arp.with_sender_mac(frame, slave.mac)
        elif self.state.era.arp_request_by_active:
            return False
        if slave is not self.state.active:
            frame = frame[:6] + slave.mac + frame[12:]
        self._send(slave, frame)
        return True

    def frame_from_slave(self, slave: Slave, frame: bytes) -> bool:
        packet = arp.decode(frame)
        if packet is not None:
            self._receive.heard(packet)
        return False

    def _is_ours(self, packet: arp.Arp) -> bool:
        """Not of a guest that is bridged to the bond, say, which wants to be known by its own address.

        Nor of the bridge itself, although it may wear the bond's.
        """
        if packet.sender_mac not in {slave.mac for slave in self.state.slaves.values()}:
            return False
        try:
            return not self.services.machine.is_of_bridge(packet.sender)
        except MachineError:
            return False  # nobody can tell: as it is, it does no harm

    def _send(self, slave: Slave, frame: bytes) -> None:
        try:
            self.services.machine.transmit(slave.name, frame)
        except MachineError as error:
            # ARP asks again.
            self.services.events.log(self._messages.plain(f"ARP not sent: {error}"))

    # ---- slaves, links, addresses

    def joined(self, slave: Slave) -> None:
        super().joined(slave)
        self._receive.rebalance_soon()

    def left(self, slave: Slave) -> None:
        lent = bool(when_leaving(self.state, slave))
        super().left(slave)
        self._receive.clients.start_over()
        self._receive.slave_lost(slave, slave.permanent_mac if lent else slave.mac)

    def link_changed(self, slave: Slave) -> None:
        super().link_changed(slave)
        if slave.link is Link.UP:
            self._receive.rebalance_soon()
        else:
            self._receive.slave_lost(slave, slave.mac)

    def active_changed(self, old: Slave | None, new: Slave | None) -> None:
        self._receive.end_stand_in()
        super().active_changed(old, new)

    def bond_mac_set(self, changed: Sequence[Slave]) -> None:
        self._teach(*changed)

    def _teach(self, *slaves: Slave) -> None:
        """Peers learn it, too; what was sent to a slave without link is caught by the active one."""
        super()._teach(*slaves)
        down = [slave for slave in slaves if slave.link is not Link.UP]
        for slave in slaves:
            if slave not in down:
                self._receive.address_changed(slave)
        if 0 < len(down) < len(slaves):
            self._receive.stand_in(down[0].mac)

    # ---- time

    def opened(self) -> None:
        self._receive.end_stand_in()
        self._receive = self._new_receive()
        super().opened()

    def closed(self) -> None:
        super().closed()
        self._receive.end_stand_in()

    def _ticks(self) -> bool:
        return True

    def _tick(self) -> None:
        super()._tick()
        if self.state.slaves:
            self._receive.tick()

    def _new_receive(self) -> ReceiveBalance:
        return ReceiveBalance(self.state, self.services.machine, self._learning)
