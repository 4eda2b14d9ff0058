"""The modes, one file each."""

from __future__ import annotations

from bondimpl.errors import NotBuilt
from bondimpl.modes.active_backup import ActiveBackup
from bondimpl.modes.balance_alb import BalanceAlb
from bondimpl.modes.balance_rr import BalanceRr
from bondimpl.modes.balance_tlb import BalanceTlb
from bondimpl.modes.balance_xor import BalanceXor
from bondimpl.modes.base import ModeRule, Services
from bondimpl.modes.broadcast import Broadcast
from bondimpl.modes.ieee8023ad import Ieee8023ad
from bondimpl.state import BondState

_RULES: tuple[type[ModeRule], ...] = (
    BalanceRr,
    ActiveBackup,
    BalanceXor,
    Broadcast,
    Ieee8023ad,
    BalanceTlb,
    BalanceAlb,
)


def rule_for(state: BondState, services: Services) -> ModeRule:
    """The rule of the bond's mode. Raises NotBuilt."""
    for rule in _RULES:
        if rule.mode is state.options.mode:
            return rule(state, services)
    raise NotBuilt(f"mode {state.options.mode}")
