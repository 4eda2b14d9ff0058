"""active-backup (mode 1): one slave carries everything (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections.abc import Iterable

from bondimpl.forwarding import Discard, Single
from bondimpl.modes.base import ModeRule
from bondimpl.option_kinds import Mode
from bondimpl.slave import Slave


class ActiveBackup(ModeRule):
    """Only the active slave sends, and only what it receives is heard."""

    mode = Mode.ACTIVE_BACKUP
    has_active_slave = True
    announces_failover = True

    def transmit(self) -> Single | Discard:
        return Single(self.state.active.name) if self.state.active else Discard()

    def accept(self) -> Iterable[Slave]:
        enabled = self.state.active or self.state.trying
        return (enabled,) if enabled else ()

    def skips_updelay_today(self) -> bool:
        return self.state.active is None
