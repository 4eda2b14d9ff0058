"""balance-tlb (mode 5): flows leave by the slave with most capacity left (HOWTO section 2, `mode`).

What the bond receives comes in by the active slave, which wears the bond's address. Each other slave has an
address of its own, so a switch sees every address at one port only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bondimpl.addresses import wearer, when_active, when_leaving
from bondimpl.balance.learning import Learning
from bondimpl.balance.transmit import REBALANCE_S, TransmitTable
from bondimpl.clock import Ticker
from bondimpl.forwarding import Balanced, ForwardingPlan
from bondimpl.frames.balanced import Eligible
from bondimpl.frames.hashes import HashPolicy
from bondimpl.modes.base import ModeRule, Services
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState

TICK_MS = 100
_TICKS_A_SECOND = 1000 // TICK_MS
_REBALANCE_TICKS = REBALANCE_S * _TICKS_A_SECOND


class BalanceTlb(ModeRule):
    """Sends by every slave, receives by the active one."""

    mode = Mode.BALANCE_TLB
    has_active_slave = True
    reports_groups = True
    may_test_carrier = True

    def __init__(self, state: BondState, services: Services) -> None:
        super().__init__(state, services)
        self.needs_speed = state.era.assumes_speed
        self._learning = Learning(services.machine, old=state.era.old_learning_packets)
        self._table = self._new_table()
        self._ticker: Ticker | None = None
        self._since_learning = 0
        self._since_rebalance = 0

    # ---- the plan

    def transmit(self) -> Balanced:
        active = next((slave.name for slave in self.senders() if slave is self.state.active), None)
        eligible, policy = self._spread()
        if self.state.options.tlb_dynamic_lb:
            able = {slave.name for slave in self.senders()}
            table = tuple(name if name in able else None for name in self._table.slaves)
            return Balanced(active, eligible, policy, table)
        policy = HashPolicy(self.state.options.xmit_hash_policy)
        return Balanced(active, eligible, policy, tuple(slave.name for slave in self.senders()))

    def plan(self) -> ForwardingPlan:
        others = {s.name: s.mac for s in self.state.carrying if s is not self.state.active}
        return replace(super().plan(), sources=others)

    def accept(self) -> Iterable[Slave]:
        return (self.state.active,) if self.state.active else ()

    def skips_updelay_today(self) -> bool:
        return not self.any_up()

    def is_active(self, slave: Slave) -> bool:
        return True  # every one sends

    leaves_active = is_active

    def bucket_missed(self, bucket: int) -> str | None:
        unable = self._table.slaves[bucket]
        if unable is not None:
            self._table.clear(unable)
        slave = self._table.assign(bucket, self.senders())
        if slave is not None:
            self.services.refresh()
        return slave

    def _spread(self) -> tuple[Eligible, HashPolicy]:
        """Which frames leave by any slave, and what tells their buckets."""
        if self.state.era.balances_by_destination:
            return Eligible.IP_AND_NCP, HashPolicy.DESTINATION
        return Eligible.UNICAST_IP, HashPolicy(self.state.options.xmit_hash_policy)

    # ---- slaves, links, addresses

    def joined(self, slave: Slave) -> None:
        self._rebalance_soon()

    def left(self, slave: Slave) -> None:
        changes = when_leaving(self.state, slave)
        self.wear(changes)
        self._teach(*changes)
        self._table.clear(slave.name)

    def link_changed(self, slave: Slave) -> None:
        if slave.link is Link.UP:
            self._rebalance_soon()
        else:
            self._table.clear(slave.name)

    def active_changed(self, old: Slave | None, new: Slave | None) -> None:
        if new is None:
            return
        before = old if old in self.state.slaves.values() else wearer(self.state, self.state.mac)
        pair = (new,) if before is None else (before, new)
        self._take_load()
        for slave in pair:
            self._table.clear(slave.name, measure=True)
        self.wear(when_active(self.state, new))
        self.services.refresh()
        self._teach(*pair)

    def bond_mac_set(self, changed: Sequence[Slave]) -> None:
        if not self.state.era.tlb_users_mac_for_all:
            self._teach(*changed)

    def _teach(self, *slaves: Slave) -> None:
        """The switches learn at once where the addresses of these are."""
        for slave in slaves:
            if slave.link is Link.UP:
                self._learning.send(slave.name, slave.mac)

    # ---- time

    def opened(self) -> None:
        self._take_load()
        self._table = self._new_table()
        if self._ticks():
            self._ticker = Ticker(self.services.clock, TICK_MS, self._tick, first_ms=0)

    def closed(self) -> None:
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _ticks(self) -> bool:
        """Whether there is anything to do as time passes."""
        return self.state.options.tlb_dynamic_lb

    def _tick(self) -> None:
        if not self.state.slaves:
            self._since_learning = self._since_rebalance = 0
            return
        self._since_learning += 1
        self._since_rebalance += 1
        if self._since_learning >= self.state.options.lp_interval * _TICKS_A_SECOND:
            self._since_learning = 0
            for slave in self.state.slaves.values():
                self._learning.send(slave.name, slave.mac)
        if self._since_rebalance >= _REBALANCE_TICKS:
            self._since_rebalance = 0
            self._take_load()
            self._table.rebalance(self.state.slaves.values(), self.state.active)
            self.services.refresh()

    def _rebalance_soon(self) -> None:
        self._since_rebalance = _REBALANCE_TICKS

    def _take_load(self) -> None:
        self._table.sent(self.services.machine.take_load())

    def _new_table(self) -> TransmitTable:
        return TransmitTable(new_flow_weight=int(self.state.era.new_flow_has_weight))
