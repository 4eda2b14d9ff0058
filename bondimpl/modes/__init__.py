"""The modes, one file each."""

from __future__ import annotations

from bondimpl.errors import NotBuilt
from bondimpl.modes.active_backup import ActiveBackup
from bondimpl.modes.balance_rr import BalanceRr
from bondimpl.modes.balance_xor import BalanceXor
from bondimpl.modes.base import ModeRule
from bondimpl.modes.broadcast import Broadcast
from bondimpl.state import BondState

_RULES: tuple[type[ModeRule], ...] = (BalanceRr, ActiveBackup, BalanceXor, Broadcast)


def rule_for(state: BondState) -> ModeRule:
    """The rule of the bond's mode. Raises NotBuilt."""
    for rule in _RULES:
        if rule.mode is state.options.mode:
            return rule(state)
    raise NotBuilt(f"mode {state.options.mode}")
