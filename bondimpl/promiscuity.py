"""A promiscuous bond has promiscuous slaves (HOWTO section 11), which hear its VLANs' addresses, too."""

from __future__ import annotations

from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.state import BondState


class Promiscuity:
    """Carries over to the slaves what addresses the bond hears, and takes it back."""

    def __init__(self, state: BondState, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._told: dict[tuple[str, bytes | None], bool] = {}
        """Slave, and the address that it was to hear (None: every address); whether it agreed."""

    def follow(self, *, active_only: bool) -> None:
        """Act on what the state says now. `active_only`: the mode has one slave that receives."""
        state = self._state
        if active_only:
            hearing = [state.active.name] if state.active else []
        else:
            hearing = list(state.slaves)
        addresses = [*([None] if state.promiscuous else []), *sorted(state.vlan_addresses)]
        wanted = [(slave, mac) for slave in hearing for mac in addresses]
        for told in [told for told in self._told if told not in wanted]:
            if self._told.pop(told):
                self._set(*told, on=False)
        for new in wanted:
            if new not in self._told:
                self._told[new] = self._set(*new, on=True)

    def _set(self, slave: str, mac: bytes | None, *, on: bool) -> bool:
        try:
            if mac is None:
                self._machine.set_promiscuous(slave, on)
            else:
                self._machine.set_hears(slave, mac, on)
        except MachineError as error:
            self._events.log(self._messages.plain(f"promiscuity of {slave} not changed: {error}"))
            return False
        return True
