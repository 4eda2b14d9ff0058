"""Telling the network where the bond is now, after a change of the active slave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bondimpl.clock import Clock, Timer
from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.frames import arp, igmp, mld, ndisc
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.slave import Slave
from bondimpl.state import BondState

REPORT_SPACING_MS = 200


class _Rounds:
    """Sends the same frames on the same slaves several times, the first at once."""

    def __init__(
        self,
        state: BondState,
        clock: Clock,
        machine: Machine,
        events: EventSource,
        slaves: Callable[[], Iterable[Slave]],
        frames: Callable[[], Iterator[bytes]],
        failure: str,
    ) -> None:
        """`frames` are made anew for each slave and round. `failure`: what the log says of one cut short."""
        self._slaves = slaves
        self._clock = clock
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self._frames = frames
        self._failure = failure
        self._timer: Timer | None = None

    def start(self, rounds: int, period: float) -> None:
        """`period` in ms; one round only when it is 0. Rounds of an earlier start are forgotten."""
        self.stop()
        if rounds:
            self._round(rounds - 1, period)

    def stop(self) -> None:
        """Forget rounds still to come."""
        if self._timer is not None:
            self._timer.cancel()

    def _round(self, left: int, period: float) -> None:
        for slave in self._slaves():
            try:
                for frame in self._frames():
                    self._machine.transmit(slave.name, frame)
            except MachineError as error:
                # Most likely the slave has just died; its failover starts a new series.
                self._events.log(self._messages.plain(f"{self._failure}: {error}"))
        if left and period:
            self._timer = self._clock.call_at(
                self._clock.now() + period, lambda: self._round(left - 1, period)
            )


class PeerNotices:
    """`num_grat_arp` rounds of one gratuitous ARP for each IPv4 address of the bond and its VLANs, and one
    unsolicited neighbour advertisement for each IPv6 address.

    They are `peer_notif_delay` ms apart (one monitor period when that is 0).
    """

    def __init__(
        self,
        state: BondState,
        clock: Clock,
        machine: Machine,
        events: EventSource,
        slaves: Callable[[], Iterable[Slave]],
    ) -> None:
        """`slaves`: on which of them."""
        self._state = state
        self._machine = machine
        failure = "cannot announce the new active slave"
        self._rounds = _Rounds(state, clock, machine, events, slaves, self._frames, failure)

    def start(self) -> None:
        """The slaves that carry are others than before."""
        options = self._state.options
        count = options.num_grat_arp
        if self._state.era.peer_notice_one_short and options.miimon and not options.peer_notif_delay:
            count -= count > 1
        self._rounds.start(count, options.peer_notif_delay or options.miimon or options.arp_interval)

    def stop(self) -> None:
        """Forget rounds still to come."""
        self._rounds.stop()

    def _frames(self) -> Iterator[bytes]:
        mac = self._state.mac
        for where in self._machine.bond_addresses():
            yield arp.gratuitous(where.address, mac, where.vlan)
        for six in self._machine.bond_ipv6_addresses():
            yield ndisc.unsolicited(six.address, mac, router=six.router, vlan=six.vlan)


class GroupReports:
    """`resend_igmp` rounds of reports (IGMP, MLD) of the groups that the host has joined on bond and VLANs.

    They are 200 ms apart: switches that snoop send the groups' frames to the new slave from then on.
    """

    def __init__(self, state: BondState, clock: Clock, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._machine = machine
        failure = "cannot report multicast groups"
        self._rounds = _Rounds(state, clock, machine, events, self._active, self._frames, failure)

    def start(self) -> None:
        """The active slave has changed."""
        self._rounds.start(self._state.options.resend_igmp, REPORT_SPACING_MS)

    def stop(self) -> None:
        """Forget rounds still to come."""
        self._rounds.stop()

    def _active(self) -> Iterable[Slave]:
        return (self._state.active,) if self._state.active else ()

    def _frames(self) -> Iterator[bytes]:
        for joined in self._machine.bond_groups():
            yield igmp.report(
                joined.igmp, joined.group, source=joined.source, mac=self._state.mac, vlan=joined.vlan
            )
        for six in self._machine.bond_ipv6_groups():
            yield from mld.reports(six.mld, six.groups, source=six.source, mac=self._state.mac, vlan=six.vlan)
