"""balance-rr (mode 0): frames go out on the slaves in turn (HOWTO section 2, `mode`)."""

from __future__ import annotations

from bondimpl.forwarding import RoundRobin
from bondimpl.modes.base import ModeRule
from bondimpl.option_kinds import Mode


class BalanceRr(ModeRule):
    """From the first available slave to the last, and round again."""

    mode = Mode.BALANCE_RR
    reports_groups = True
    has_queues = True
    may_test_carrier = True

    def transmit(self) -> RoundRobin:
        per_slave = self.state.options.packets_per_slave
        if self.state.era.round_robin_from_first:
            return RoundRobin(tuple(s.name for s in self.senders()), 0, per_slave)
        if per_slave == 0:
            return RoundRobin(self.replaced_by_successor(), 0, 0)
        # Today's counter is incremented before use: the first run is one frame short, and with one frame
        # a turn the second slave begins.
        return RoundRobin(self.replaced_by_successor(), 1, per_slave)
