"""A pair whose cables lose, delay and repeat LACPDUs, and let later ones overtake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bondimpl.lacp.pdu import Lacpdu, decode_lacpdu
from tests.lacp.wires import Pair


@dataclass(slots=True)
class Way:
    """One direction of a cable; `delay` in ticks. When it shrinks, later frames overtake earlier ones."""

    loses: bool = False
    delay: int = 0
    repeats: bool = False


class NoisyPair(Pair):
    """A pair with a `Way` for each end (the sending one) and slave."""

    def __init__(self, links: int = 2, **options: Any) -> None:
        self._under_way: list[tuple[int, int, str, bytes]] = []
        self._ways: dict[tuple[int, str], Way] = {}
        self.heard: dict[tuple[int, str], Lacpdu] = {}
        """The last LACPDU that came in, by end (the receiving one) and slave."""
        super().__init__(links, **options)

    def way(self, end: int, slave: str) -> Way:
        return self._ways.setdefault((end, slave), Way())

    def heal(self) -> None:
        """Good cables from now on; what is under way still arrives."""
        self._ways.clear()

    def deliver(self) -> None:
        for end, slave, frame in self.sent:
            way = self.way(end, slave)
            if not way.loses:
                self._under_way.extend([(self.ticks + way.delay, end, slave, frame)] * (1 + way.repeats))
        self.sent = []
        due = [item for item in self._under_way if item[0] <= self.ticks]
        self._under_way = [item for item in self._under_way if item[0] > self.ticks]
        for _, end, slave, frame in due:
            self.arrive(end, slave, frame)

    def arrive(self, end: int, slave: str, frame: bytes) -> None:
        pdu = decode_lacpdu(frame)
        if pdu is not None:
            self.heard[1 - end, slave] = pdu
        super().arrive(end, slave, frame)
