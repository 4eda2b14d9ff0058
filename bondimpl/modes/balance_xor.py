"""balance-xor (mode 2): the destination picks the slave (HOWTO section 2, `mode`)."""

from __future__ import annotations

from bondimpl.forwarding import Hashed
from bondimpl.modes.base import ModeRule
from bondimpl.option_kinds import Mode


class BalanceXor(ModeRule):
    """(source MAC XOR destination MAC) modulo the slave count, or what `xmit_hash_policy` says."""

    mode = Mode.BALANCE_XOR
    may_test_carrier = True

    def transmit(self) -> Hashed:
        return self.hashed(tuple(self.state.slaves.values()), self.senders())

    def skips_updelay_today(self) -> bool:
        return not self.any_up()
