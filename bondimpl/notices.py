"""Telling the network where the bond is now: gratuitous ARP after a change of the active slave."""

from __future__ import annotations

from bondimpl.clock import Clock, Timer
from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.frames import arp
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.state import BondState


class PeerNotices:
    """`num_grat_arp` rounds of one gratuitous ARP for each address of the bond and its VLANs.

    The first goes out at once, the others `peer_notif_delay` ms apart (one monitor period when that is 0).
    """

    def __init__(self, state: BondState, clock: Clock, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._clock = clock
        self._machine = machine
        self._left = 0
        self._timer: Timer | None = None

    def start(self) -> None:
        """The active slave has changed."""
        self.stop()
        self._left = self._rounds()
        if self._left:
            self._round()

    def stop(self) -> None:
        """Forget rounds still to come."""
        if self._timer is not None:
            self._timer.cancel()
        self._left = 0

    def _rounds(self) -> int:
        options = self._state.options
        short = self._state.era.peer_notice_one_short and options.miimon and not options.peer_notif_delay
        return options.num_grat_arp - 1 if short and options.num_grat_arp > 1 else options.num_grat_arp

    def _round(self) -> None:
        self._left -= 1
        active = self._state.active
        if active is not None:
            try:
                for where in self._machine.bond_addresses():
                    frame = arp.gratuitous(where.address, self._state.mac, where.vlan)
                    self._machine.transmit(active.name, frame)
            except MachineError as error:
                # Most likely the slave has just died; its failover starts a new series.
                self._events.log(self._messages.plain(f"cannot announce the new active slave: {error}"))
        options = self._state.options
        period = options.peer_notif_delay or options.miimon or options.arp_interval
        if self._left and period:
            self._timer = self._clock.call_at(self._clock.now() + period, self._round)
