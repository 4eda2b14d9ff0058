"""Learning packets, by which switches keep knowing which port each slave's address is at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from bondimpl.errors import MachineError
from bondimpl.frames.learning import ETHERTYPE_LOOP, ETHERTYPE_LOOPBACK, learning
from bondimpl.machine import Machine

_OLD_BURST = 3


class Learning:
    """Sends them on one bond's slaves."""

    def __init__(self, machine: Machine, *, old: bool) -> None:
        """`old`: as the driver of 2.6.12 did (era rule `old_learning_packets`)."""
        self._machine = machine
        self._old = old
        self._turn = 0

    def send(self, slave: str, mac: bytes) -> None:
        """Have the switch behind `slave` learn `mac` (6 bytes) there."""
        # One that is lost, on a slave without link above all, is made up for by the next.
        with suppress(MachineError):
            for frame in self._frames(mac):
                self._machine.transmit(slave, frame)

    def _frames(self, mac: bytes) -> Iterator[bytes]:
        vlans = self._machine.bond_vlans()
        if not self._old:
            yield learning(mac, ETHERTYPE_LOOPBACK)
            yield from (learning(mac, ETHERTYPE_LOOPBACK, vlan) for vlan in vlans)
            return
        for _ in range(_OLD_BURST):
            vlan = vlans[self._turn % len(vlans)] if vlans else None
            self._turn += 1
            yield learning(mac, ETHERTYPE_LOOP, vlan)
