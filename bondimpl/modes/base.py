"""What every mode is: a rule that turns the state of a bond into a forwarding plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from bondimpl.forwarding import Accept, Discard, ForwardingPlan, Transmit
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


class ModeRule(ABC):
    """One mode. Instances keep nothing about slaves; they read the BondState."""

    mode: ClassVar[Mode]
    has_active_slave: ClassVar[bool] = False
    """Whether the choice of the active slave decides anything in this mode."""

    def __init__(self, state: BondState) -> None:
        self.state = state

    @abstractmethod
    def transmit(self) -> Transmit:
        """Who sends. Asked only while at least one slave carries."""

    def accept(self) -> Iterable[Slave]:
        """The slaves whose frames reach the host."""
        return self.state.carrying

    def joined(self, slave: Slave) -> None:  # noqa: B027 - most modes have nothing to note
        """A slave was enslaved."""

    def plan(self) -> ForwardingPlan:
        """The plan for the present state."""
        if not self.state.admin_up:
            return ForwardingPlan()
        hearing = self.state.slaves.values() if self.state.options.all_slaves_active else self.accept()
        return ForwardingPlan(
            transmit=self.transmit() if self.state.carrying else Discard(),
            accept={slave.name: Accept.EVERYTHING for slave in hearing},
        )

    def bypasses_updelay(self) -> bool:
        """Whether the next link to come up is used at once (HOWTO 12.3)."""
        if self.state.era.bypass_in_every_mode:
            return not self.state.carrying
        return self.skips_updelay_today()

    def skips_updelay_today(self) -> bool:
        """The same, as the present driver's tables have it for this mode."""
        return False

    def replaced_by_successor(self) -> tuple[str, ...]:
        """The slaves in order, a dead one replaced by the next that carries, round the ring."""
        slaves = list(self.state.slaves.values())
        return tuple(
            next(s.name for s in (*slaves[i:], *slaves[:i]) if s.carries) for i in range(len(slaves))
        )

    def any_up(self) -> bool:
        """Whether at least one link is definitely up."""
        return any(slave.link is Link.UP for slave in self.state.slaves.values())
