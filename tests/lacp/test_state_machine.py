"""Random stories of two bonds back to back against a few invariants (Hypothesis, virtual time)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bondimpl.lacp.pdu import Lacpdu, PortState
from bondimpl.lacp.port import Port
from bondimpl.machine import Speed
from tests.lacp.invariants import agreed, alone, check_bookkeeping, check_traffic
from tests.lacp.noisy import NoisyPair
from tests.lacp.wires import TEN_GIGABIT

S = PortState
LINKS = 3
SPEEDS = [TEN_GIGABIT, Speed(1000, "full"), Speed(100, "half")]

names = st.sampled_from([f"eth{i}" for i in range(LINKS)])
ends = st.sampled_from([0, 1])


def promised(word: Lacpdu, port: Port) -> bool:
    """Whether the partner said that it is in sync with this port; an individual one need not name it."""
    means_us = (word.partner.system, word.partner.port) == (port.actor.system, port.actor.port)
    return word.actor.has(S.SYNCHRONIZATION) and (means_us or not word.actor.has(S.AGGREGATION))


class LacpStory(RuleBasedStateMachine):
    """Cables come and go and mutilate the LACPDUs, slaves join and leave, settings change, bonds restart."""

    pair: NoisyPair

    @initialize(
        fast=st.booleans(),
        policy=st.sampled_from(["stable", "bandwidth", "count"]),
        howto=st.booleans(),
        coupled=st.booleans(),
        passive=st.booleans(),
        late=st.integers(0, 2),
    )
    def begin(self, fast: bool, policy: str, howto: bool, coupled: bool, passive: bool, late: int) -> None:
        self.pair = NoisyPair(
            LINKS,
            late=late,
            first={"active": not passive},
            fast=fast,
            policy=policy,
            coupled=coupled,
            restart_on_link_loss=howto,
            farewell_keeps_sync=howto,
        )
        self.agreed_before: list[set[str]] = [set(), set()]
        self.pair.each_tick = self.check_agreement

    # ---- cables

    @rule(name=names)
    def pull(self, name: str) -> None:
        self.pair.pull(name)

    @rule(name=names)
    def plug(self, name: str) -> None:
        self.pair.plug(name)

    @rule(name=names, end=ends, loses=st.booleans())
    def lose_one_way(self, name: str, end: int, loses: bool) -> None:
        self.pair.way(end, name).loses = loses

    @rule(name=names)
    def lose_both_ways(self, name: str) -> None:
        for end in (0, 1):
            self.pair.way(end, name).loses = True

    @rule(name=names, end=ends, delay=st.integers(0, 40))
    def delay(self, name: str, end: int, delay: int) -> None:
        self.pair.way(end, name).delay = delay

    @rule(name=names, end=ends)
    def repeat(self, name: str, end: int) -> None:
        self.pair.way(end, name).repeats = True

    @rule()
    def heal(self) -> None:
        self.pair.heal()

    # ---- bonds

    @rule(name=names, speed=st.sampled_from(SPEEDS))
    def change_speed(self, name: str, speed: Speed) -> None:
        self.pair.set_speed(name, speed)

    @rule(end=ends, key=st.integers(0, 2))
    def change_user_key(self, end: int, key: int) -> None:
        self.pair.ends[end].configure(replace(self.pair.ends[end].config, user_key=key))

    @rule(end=ends, priority=st.integers(1, 3))
    def change_system(self, end: int, priority: int) -> None:
        self.pair.ends[end].configure(replace(self.pair.ends[end].config, system_priority=priority))

    @rule(end=ends, name=names, priority=st.integers(1, 3))
    def change_port_priority(self, end: int, name: str, priority: int) -> None:
        if name in self.pair.ends[end].ports:
            self.pair.ends[end].set_port_priority(name, priority)

    @rule(end=ends)
    def restart(self, end: int) -> None:
        self.pair.restart(end)
        self.agreed_before[end].clear()

    @rule(end=ends)
    def open(self, end: int) -> None:
        self.pair.ends[end].opened()

    @rule(end=ends, name=names)
    def remove(self, end: int, name: str) -> None:
        if name in self.pair.ends[end].ports:
            self.pair.remove(end, name)

    @rule(end=ends, name=names)
    def add(self, end: int, name: str) -> None:
        if name not in self.pair.ends[end].ports:
            self.pair.add(end, name)

    # ---- time

    @rule(ticks=st.integers(1, 6))
    def wait_a_moment(self, ticks: int) -> None:
        self.pair.tick(ticks)

    @rule(ticks=st.integers(20, 120))
    def wait(self, ticks: int) -> None:
        """Long enough to join, or for a fast partner to be given up."""
        self.pair.tick(ticks)

    @rule(ticks=st.integers(900, 1000))
    def wait_for_slow_timeouts(self, ticks: int) -> None:
        self.pair.tick(ticks)

    # ---- what holds

    @invariant()
    def check(self) -> None:
        if hasattr(self, "pair"):
            for end in self.pair.ends:
                check_bookkeeping(end)
                check_traffic(end)

    def check_agreement(self) -> None:
        """Ports carry that have seen their partner in sync, and one at most that has not: it began to carry
        when it had no partner, and as in the driver goes on until the partner, once heard, is attached."""
        for number, end in enumerate(self.pair.ends):
            check_traffic(end)
            carrying = {port.slave: port for port in end.passing()}
            by_agreement = {slave for slave, port in carrying.items() if agreed(port)}
            assert all(promised(self.pair.heard[number, slave], carrying[slave]) for slave in by_agreement)
            unasked = carrying.keys() - by_agreement
            assert len(unasked) <= 1
            assert all(alone(carrying[slave]) for slave in unasked & self.agreed_before[number])
            self.agreed_before[number] = by_agreement

    def teardown(self) -> None:
        """Left alone on good cables, both ends carry on all links, and stay so."""
        if not hasattr(self, "pair"):
            return
        pair = self.pair
        pair.heal()
        for name in pair.names:
            for end in (0, 1):
                if name not in pair.ends[end].ports:
                    pair.add(end, name)
            pair.plug(name)
            pair.set_speed(name, TEN_GIGABIT)
        pair.tick(2500)
        for _ in range(50):
            assert pair.together(), [pair.passing(0), pair.passing(1)]
            pair.tick()


TestLacpStory = LacpStory.TestCase
TestLacpStory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
