"""What slaves are told to let in: what the bond hears, and the VLANs over it (HOWTO sections 7 and 11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.state import BondState

Kind = Literal["promiscuous", "all-multicast", "address", "vlan"]


class _Wish(NamedTuple):
    """`value`: the address (6 bytes), or the id of the VLAN; None for the other kinds."""

    slave: str
    kind: Kind
    value: bytes | int | None = None


class Hearing:
    """Carries over to the slaves what the bond is to receive, and takes it back."""

    def __init__(self, state: BondState, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._told: dict[_Wish, bool] = {}
        """Whether the slave agreed."""

    def follow(self, *, active_only: bool) -> None:
        """Act on what the state says now. `active_only`: the mode has one slave that receives.

        VLANs are for every slave: one that becomes active must know them already.
        """
        wanted = dict.fromkeys(self._wishes(active_only))  # in order; there may be thousands of VLANs
        for told in [told for told in self._told if told not in wanted]:
            if self._told.pop(told):
                self._tell(told, on=False)
        for new in wanted:
            if new not in self._told:
                self._told[new] = self._tell(new, on=True)

    def _wishes(self, active_only: bool) -> Iterator[_Wish]:
        state = self._state
        for slave in state.slaves.values():
            if not active_only or slave is state.active:
                if state.promiscuous:
                    yield _Wish(slave.name, "promiscuous")
                if state.all_multicast:
                    yield _Wish(slave.name, "all-multicast")
                for mac in sorted(state.vlan_addresses):
                    yield _Wish(slave.name, "address", mac)
            for vlan in state.vlan_ids:
                yield _Wish(slave.name, "vlan", vlan)

    def _tell(self, wish: _Wish, *, on: bool) -> bool:
        try:
            self._call(wish)(on)
        except MachineError as error:
            self._events.log(self._messages.plain(f"{wish.kind} of {wish.slave} not changed: {error}"))
            return False
        return True

    def _call(self, wish: _Wish) -> Callable[[bool], None]:
        machine, slave, value = self._machine, wish.slave, wish.value
        if isinstance(value, bytes):
            return lambda on: machine.set_hears(slave, value, on)
        if isinstance(value, int):
            return lambda on: machine.set_vlan_filter(slave, value, on)
        if wish.kind == "promiscuous":
            return lambda on: machine.set_promiscuous(slave, on)
        return lambda on: machine.set_all_multicast(slave, on)
