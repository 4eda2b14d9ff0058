"""broadcast (mode 3): every frame on every slave (HOWTO section 2, `mode`)."""

from __future__ import annotations

from bondimpl.forwarding import Replicate
from bondimpl.modes.base import ModeRule, Services
from bondimpl.option_kinds import Mode
from bondimpl.slave import Slave
from bondimpl.state import BondState


class Broadcast(ModeRule):
    """A copy on each slave that may send."""

    mode = Mode.BROADCAST
    may_test_carrier = True

    def __init__(self, state: BondState, services: Services) -> None:
        super().__init__(state, services)
        self._none_up_at_last_join = False

    def transmit(self) -> Replicate:
        return Replicate(tuple(slave.name for slave in self.senders()))

    def joined(self, slave: Slave) -> None:
        self._none_up_at_last_join = not self.any_up()

    def skips_updelay_today(self) -> bool:
        # The present driver counts usable slaves for this mode only when one is enslaved: a bond whose
        # slaves all joined with updelay running ignores updelay for ever.
        return self._none_up_at_last_join
