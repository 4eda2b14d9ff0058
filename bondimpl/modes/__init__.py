"""The modes, one file each."""

from __future__ import annotations

from bondimpl.modes.active_backup import ActiveBackup
from bondimpl.modes.balance_alb import BalanceAlb
from bondimpl.modes.balance_rr import BalanceRr
from bondimpl.modes.balance_tlb import BalanceTlb
from bondimpl.modes.balance_xor import BalanceXor
from bondimpl.modes.base import ModeRule, Services
from bondimpl.modes.broadcast import Broadcast
from bondimpl.modes.ieee8023ad import Ieee8023ad
from bondimpl.option_kinds import Mode
from bondimpl.state import BondState

_RULES: dict[Mode, type[ModeRule]] = {
    rule.mode: rule
    for rule in (BalanceRr, ActiveBackup, BalanceXor, Broadcast, Ieee8023ad, BalanceTlb, BalanceAlb)
}


def rule_for(state: BondState, services: Services) -> ModeRule:
    """The rule of the bond's mode."""
    return _RULES[state.options.mode](state, services)
