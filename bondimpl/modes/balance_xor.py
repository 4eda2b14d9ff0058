"""balance-xor (mode 2): the destination picks the slave (HOWTO section 2, `mode`)."""

from __future__ import annotations

from bondimpl.forwarding import Hashed
from bondimpl.frames.hashes import HashPolicy
from bondimpl.modes.base import ModeRule
from bondimpl.option_kinds import Mode


class BalanceXor(ModeRule):
    """(source MAC XOR destination MAC) modulo the slave count, or what `xmit_hash_policy` says."""

    mode = Mode.BALANCE_XOR

    def transmit(self) -> Hashed:
        policy = HashPolicy(self.state.options.xmit_hash_policy)
        if not self.state.era.xor_of_mac_addresses:
            return Hashed(policy, tuple(s.name for s in self.state.carrying))
        if policy is HashPolicy.LAYER2:
            policy = HashPolicy.MAC_XOR
        return Hashed(policy, self.replaced_by_successor())

    def skips_updelay_today(self) -> bool:
        return not self.any_up()
