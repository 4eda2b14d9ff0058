"""A promiscuous bond has promiscuous slaves (HOWTO section 11)."""

from __future__ import annotations

from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.state import BondState


class Promiscuity:
    """Carries the bond device's promiscuity over to its slaves, and takes it back."""

    def __init__(self, state: BondState, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._told: dict[str, bool] = {}
        """The slaves that were to be promiscuous, and whether they agreed."""

    def follow(self, *, active_only: bool) -> None:
        """Act on what the state says now. `active_only`: the mode has one slave that receives."""
        state = self._state
        if active_only:
            hearing = [state.active.name] if state.active else []
        else:
            hearing = list(state.slaves)
        wanted = hearing if state.promiscuous else []
        for name in [name for name in self._told if name not in wanted]:
            if self._told.pop(name):
                self._set(name, on=False)
        for name in wanted:
            if name not in self._told:
                self._told[name] = self._set(name, on=True)

    def _set(self, slave: str, *, on: bool) -> bool:
        try:
            self._machine.set_promiscuous(slave, on)
        except MachineError as error:
            self._events.log(self._messages.plain(f"promiscuity of {slave} not changed: {error}"))
            return False
        return True
