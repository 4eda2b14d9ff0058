"""Frames of a conversation keep their order while the members of the aggregate stay the same.

The driver sends no markers (43.2.4 would flush a link with them), so it cannot promise more: when a member
joins or leaves, a conversation that moves to a faster link may overtake itself. The last test shows that it
does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bondimpl.forwarding import Forwarder, ForwardingPlan, Hashed
from bondimpl.frames.hashes import HashPolicy
from tests.lacp.wires import Pair

DELAYS = {"eth0": 9, "eth1": 1, "eth2": 4}
"""Ticks on the way."""

EQUAL = dict.fromkeys(DELAYS, 1)
CONVERSATIONS = 24


@dataclass
class Traffic:
    """In each tick a frame of each conversation from the first end of `pair`, by the port of its hash."""

    pair: Pair
    delays: dict[str, int]
    sent: int = 0
    arrived: list[list[int]] = field(default_factory=lambda: [[] for _ in range(CONVERSATIONS)])
    used: set[str] = field(default_factory=set)
    _under_way: list[tuple[int, str, int, int]] = field(default_factory=list)

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.pair.tick()
            self._send()
            self._arrive()

    def finish(self) -> None:
        """Wait for what is under way."""
        while self._under_way:
            self.pair.tick()
            self._arrive()

    def _send(self) -> None:
        table = tuple(port.slave for port in self.pair.ends[0].passing())
        forwarder = Forwarder(ForwardingPlan(Hashed(HashPolicy.LAYER2, table)))
        for conversation in range(CONVERSATIONS):
            frame = bytes([2, 0, 0, 0, 9, conversation]) + bytes([2, 0, 0, 0, 8, 0]) + b"\x08\x00" + bytes(46)
            (slave,) = forwarder.targets(frame)
            self.used.add(slave)
            self._under_way.append((self.pair.ticks + self.delays[slave], slave, conversation, self.sent))
        self.sent += 1

    def _arrive(self) -> None:
        now = self.pair.ticks
        open_ = set(self.pair.passing(1)) - self.pair.cut
        for when, slave, conversation, number in self._under_way:
            if when == now and slave in open_:
                self.arrived[conversation].append(number)
        self._under_way = [frame for frame in self._under_way if frame[0] > now]

    def overtaken(self) -> int:
        """Conversations that arrived in another order than they were sent in."""
        return sum(numbers != sorted(numbers) for numbers in self.arrived)


def settled() -> Pair:
    pair = Pair(3, fast=True)
    pair.until(pair.together, within=40)
    return pair


def test_an_aggregate_left_alone_delivers_everything_in_order() -> None:
    """Some LACPDUs are lost, though not so many that a port leaves; the cables differ in their delay."""
    traffic = Traffic(settled(), DELAYS)
    traffic.pair.swallow = lambda _end, _slave, _frame: traffic.pair.ticks % 30 == 0
    traffic.run(1500)
    traffic.finish()
    assert traffic.used == {"eth0", "eth1", "eth2"}
    assert all(numbers == list(range(1500)) for numbers in traffic.arrived)


@pytest.mark.parametrize("change", ["pull", "leave", "silence"])
def test_after_a_change_what_stays_is_in_order_and_complete_again(change: str) -> None:
    """Frames may be lost with the link and while only one end knows: none comes twice or late."""
    traffic = Traffic(settled(), EQUAL)
    pair = traffic.pair
    traffic.run(100)
    match change:
        case "pull":
            pair.pull("eth1")
        case "leave":
            pair.remove(0, "eth1")
        case "silence":
            pair.swallow = lambda _end, slave, _frame: slave == "eth1"
    traffic.run(100)
    assert pair.passing(0) == pair.passing(1) == ["eth0", "eth2"]
    traffic.run(100)
    traffic.finish()
    for numbers in traffic.arrived:
        assert numbers == sorted(set(numbers))
        assert numbers[-100:] == list(range(200, 300))


def test_a_link_that_joins_lets_conversations_overtake_themselves() -> None:
    traffic = Traffic(settled(), DELAYS)
    traffic.pair.pull("eth1")
    traffic.run(50)
    assert traffic.overtaken() == 0
    traffic.pair.plug("eth1")
    traffic.run(100)
    traffic.finish()
    assert traffic.pair.together()
    assert traffic.overtaken() > 0
