"""active-backup (mode 1): one slave carries everything (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections.abc import Iterable

from bondimpl.addresses import swap, wearer
from bondimpl.errors import MachineError
from bondimpl.forwarding import Discard, Single
from bondimpl.frames.ethernet import format_mac
from bondimpl.modes.base import ModeRule
from bondimpl.option_kinds import Mode
from bondimpl.slave import Slave


class ActiveBackup(ModeRule):
    """Only the active slave sends, and only what it receives is heard.

    With `fail_over_mac` slaves keep addresses of their own, and one changes hands at each failover.
    """

    mode = Mode.ACTIVE_BACKUP
    has_active_slave = True
    announces_failover = True
    reports_groups = True
    has_queues = True

    def transmit(self) -> Single | Discard:
        return Single(self.state.active.name) if self.state.active else Discard()

    def accept(self) -> Iterable[Slave]:
        enabled = self.state.active or self.state.trying
        return (enabled,) if enabled else ()

    def active_changed(self, old: Slave | None, new: Slave | None) -> None:
        if new is None:
            return
        if self.state.options.fail_over_mac == "follow":
            # A slave that left and came back may wear the same address: the one in office has to give it up.
            before = old if old in self.state.slaves.values() else wearer(self.state, self.state.mac)
            self.wear(swap(new, before, self.state.mac))
        elif self.state.options.fail_over_mac == "active":
            self._take_address_of(new)

    def _take_address_of(self, slave: Slave) -> None:
        if slave.mac == self.state.mac:
            return
        try:
            self.services.machine.set_bond_mac(slave.mac)
        except MachineError as error:
            self.services.events.log(self._messages.plain(f"the bond keeps its address: {error}"))
            return
        self.state.mac, self.state.mac_is_users = slave.mac, False
        self.services.events.emit("address", None, format_mac(slave.mac))

    def skips_updelay_today(self) -> bool:
        return self.state.active is None
