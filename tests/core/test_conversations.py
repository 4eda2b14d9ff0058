"""802.3ad keeps the frames of a conversation in order, whatever links and LACPDUs do (HOWTO 12.1.1)."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bondimpl.forwarding import Discard, Forwarder
from tests.core.back_to_back import BackToBack
from tests.core.world import mac

DELAY_MS = {"eth0": 1.0, "eth1": 8.0, "eth2": 21.0}
"""Of the cables: a conversation that were spread over two of them would overtake itself."""
CONVERSATIONS = 8
EVERY_MS = 5

links = st.sampled_from(sorted(DELAY_MS))
acts = st.sampled_from(["pull", "plug", "mute", "heal", "slow down"])
stories = st.lists(st.tuples(acts, links, st.integers(20, 600)), min_size=3, max_size=10)


class Traffic:
    """Numbered frames of each conversation from `pair.a` to `pair.b`, sent as the published plan says.

    An epoch ends when the plan sends otherwise than before: without markers the driver can promise nothing
    across such a change.
    """

    def __init__(self, pair: BackToBack) -> None:
        self.pair = pair
        self.epoch = 0
        self.sent = 0
        self.came: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._forwarder = Forwarder()

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // EVERY_MS):
            self._send()
            self.pair.run(EVERY_MS)

    def _send(self) -> None:
        plan = self.pair.a.plan
        self.epoch += plan.transmit != self._forwarder.plan.transmit
        self._forwarder.plan = plan
        for conversation in range(CONVERSATIONS):
            frame = mac(0x40 + conversation) + self.pair.a.bond.mac + b"\x08\x00" + bytes(46)
            for slave in self._forwarder.targets(frame):
                if self.pair.a.machine.nics[slave].cable:
                    self.sent += 1
                    arrive = partial(self._arrive, conversation, self.epoch, self.sent, slave)
                    self.pair.clock.call_at(self.pair.clock.now() + DELAY_MS[slave], arrive)

    def _arrive(self, conversation: int, epoch: int, number: int, slave: str) -> None:
        if self.pair.b.machine.nics[slave].cable and slave in self.pair.b.plan.accept:
            self.came[conversation, epoch].append(number)


@pytest.mark.parametrize("era_name", ["howto", "6.x"])
@given(story=stories)
@settings(max_examples=25, deadline=None)
def test_no_conversation_reorders(era_name: str, story: list[tuple[str, str, int]]) -> None:
    pair = BackToBack(links=3, era_name=era_name, a={"lacp_rate": "fast"})
    pair.until(pair.together, within_ms=4000)
    muted: set[str] = set()
    pair.swallow = lambda _sender, slave, _frame: slave in muted
    traffic = Traffic(pair)
    traffic.run(100)
    assert len(traffic.came) == CONVERSATIONS
    for act, link, pause in story:
        match act:
            case "pull":
                pair.pull(link)
            case "plug":
                pair.plug(link)
            case "mute":
                muted.add(link)
            case "heal":
                muted.discard(link)
            case "slow down":
                pause *= 6
        traffic.run(pause)
    for numbers in traffic.came.values():
        assert numbers == sorted(numbers)
    assert traffic.sent > CONVERSATIONS or isinstance(pair.a.plan.transmit, Discard)
