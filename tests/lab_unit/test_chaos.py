"""Random faults: the story, what must be reachable, and shrinking. No lab."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import topologies
from lab.chaos.fitting import fitting, misfit
from lab.chaos.model import Verdict, reached, switches_follow, verdict
from lab.chaos.shrink import shrink
from lab.chaos.story import SETTLED_MS, Step, Story, breakable, states, tell
from lab.errors import TopologyError
from lab.far_side import GROUPED_MODES
from lab.procfile import MODES
from lab.topology import Topology

STAR, PAIR, ISL = (topologies.build(name) for name in ("single_switch", "host_to_host", "two_switch_isl"))
ESM = topologies.build("bladecenter:esm")
THINGS = tuple("abcdef")


def test_a_seed_tells_one_story() -> None:
    assert tell(THINGS, 5, 60_000) == tell(THINGS, 5, 60_000)
    assert tell(THINGS, 5, 60_000) != tell(THINGS, 6, 60_000)


@given(seed=st.integers(), for_ms=st.integers(min_value=1, max_value=100_000))
def test_a_story_lasts_as_long_as_asked(seed: int, for_ms: int) -> None:
    story = tell(THINGS, seed, for_ms)
    last_flaps = 5 * SETTLED_MS[1] + 100 * 200
    assert for_ms <= sum(step.hold_ms for step in story) <= for_ms + last_flaps
    assert story[-1].looked_at
    assert {step.thing for step in story} <= set(THINGS)


def test_stories_mend_and_hold() -> None:
    story = tell(THINGS, 1, 600_000)
    counts = [len(broken) for _, broken in states(story)]
    assert max(counts) >= 3
    assert counts.count(0) > len(counts) / 20
    assert 0.2 < sum(not step.looked_at for step in story) / len(story) < 0.4


def test_what_is_broken_after_each_step() -> None:
    story = (Step("a", 1), Step("b", 1), Step("a", 1))
    assert [broken for _, broken in states(story)] == [{"a"}, {"a", "b"}, {"b"}]


def test_only_what_matters_breaks() -> None:
    assert set(breakable(STAR, STAR.slaves[:2])) == {
        STAR.cable_at(STAR.slaves[0]).name,
        STAR.cable_at(STAR.slaves[1]).name,
        *(c.name for c in STAR.cables if STAR.role("peer") in (c.a.node, c.b.node)),
        STAR.role("switch_a"),
    }
    assert STAR.role("switch_a") not in breakable(PAIR, PAIR.slaves[:2])
    assert ISL.role("isl") in breakable(ISL, ISL.slaves)


def slave(topology: Topology, number: int) -> str:
    return topology.cable_at(topology.slaves[number]).name


EXPECTED: list[tuple[str, set[str], Verdict]] = [
    ("single_switch", set(), "reachable"),
    ("single_switch", {slave(STAR, 0)}, "reachable"),
    ("single_switch", {slave(STAR, 2)}, "reachable"),
    ("single_switch", {slave(STAR, 0), slave(STAR, 1)}, "cut off"),
    ("single_switch", {STAR.role("switch_a")}, "cut off"),
    ("host_to_host", {slave(PAIR, 1)}, "reachable"),
    ("host_to_host", {slave(PAIR, 0), slave(PAIR, 1)}, "cut off"),
    ("two_switch_isl", set(), "reachable"),
    ("two_switch_isl", {ISL.role("isl")}, "open"),
    ("two_switch_isl", {ISL.role("isl"), slave(ISL, 1)}, "reachable"),
    ("two_switch_isl", {ISL.role("isl"), slave(ISL, 0)}, "cut off"),
    ("two_switch_isl", {ISL.role("switch_b")}, "reachable"),
    ("two_switch_isl", {ISL.role("switch_a")}, "cut off"),
]


@pytest.mark.parametrize(("name", "broken", "expected"), EXPECTED)
def test_what_must_be_reachable(name: str, broken: set[str], expected: Verdict) -> None:
    topology = topologies.build(name)
    assert verdict(topology, broken, topology.slaves[:2], "balance-alb") == expected


@pytest.mark.parametrize("mode", ["active-backup", "balance-tlb"])
def test_two_bonds_that_face_each_other_may_choose_different_slaves(mode: str) -> None:
    """A flap seen at one end only: eth1 is active there, eth0 here, until one of them fails."""
    slaves = PAIR.slaves[:2]
    assert verdict(PAIR, set(), slaves, mode) == "open"
    assert verdict(PAIR, {slave(PAIR, 0)}, slaves, mode) == "reachable"
    assert verdict(PAIR, {slave(PAIR, 0), slave(PAIR, 1)}, slaves, mode) == "cut off"
    assert verdict(STAR, set(), STAR.slaves[:2], mode) == "reachable"


@pytest.mark.parametrize("name", ["single_switch", "host_to_host", "gateway", "lacp_switch:bridge"])
def test_every_mode_fits_where_all_cables_end_in_one_node(name: str) -> None:
    assert fitting(topologies.build(name), 2) == tuple(MODES.values())


def test_a_trunk_over_two_switches_does_not_fit() -> None:
    assert set(MODES.values()) - set(fitting(ISL, 2)) == set(GROUPED_MODES)
    why = misfit(ISL, "balance-rr", 2)
    assert why == "balance-rr wants all its cables in one node, they end on switchA and switchB"
    assert misfit(ISL, "balance-rr", 1) is None


def test_a_peer_that_is_reached_by_a_nic_without_its_address_does_not_fit() -> None:
    with pytest.raises(TopologyError, match="has its address on eth0, and other ways lead to it"):
        fitting(topologies.build("two_switch_isolated"), 2)


def test_the_second_switch_hears_no_frame_to_its_own_sender() -> None:
    """Balance-tlb has no frame from the bond's address when its flows are on other slaves."""
    for mode in ("balance-tlb", "balance-alb"):
        assert switches_follow(STAR, STAR.slaves[:2], mode)
        assert switches_follow(PAIR, PAIR.slaves[:2], mode)
        assert not switches_follow(ISL, ISL.slaves, mode)
        assert not switches_follow(ESM, ESM.slaves, mode)
    assert switches_follow(ESM, ESM.slaves, "active-backup")


def test_hosts_do_not_forward() -> None:
    assert reached(STAR, STAR.role("peer"), frozenset()) == {STAR.role("peer")}
    assert STAR.role("host") not in reached(STAR, STAR.role("switch_a"), frozenset())


@given(
    story=st.lists(st.sampled_from(THINGS), min_size=2, max_size=40),
    culprits=st.sets(st.sampled_from(THINGS), min_size=1, max_size=2),
)
def test_shrinking_leaves_what_it_takes(story: list[str], culprits: set[str]) -> None:
    steps = tuple(Step(thing, 500) for thing in story)

    def fails(shorter: Story) -> bool:
        return culprits <= {step.thing for step in shorter}

    if not fails(steps):
        return
    shortest = shrink(steps, fails, attempts=10_000)
    assert sorted(step.thing for step in shortest) == sorted(culprits)


def test_shrinking_gives_up_in_time() -> None:
    asked = 0

    def fails(_story: Story) -> bool:
        nonlocal asked
        asked += 1
        return False

    story = tuple(Step("a", number) for number in range(100))
    assert shrink(story, fails, attempts=7) == story
    assert asked == 7


def test_shrinking_leaves_out_what_is_broken_and_mended() -> None:
    def fails(shorter: Story) -> bool:
        *_, (_, broken) = states(shorter)
        return broken == {"a"}

    story = tuple(Step(thing, 500) for thing in "bcbadcd")
    assert [step.thing for step in shrink(story, fails)] == ["a"]


def test_what_is_no_mode_is_told_with_those_that_there_are() -> None:
    why = misfit(topologies.build("single_switch"), "0", 2)
    assert why == f"no mode '0'; there are {', '.join(MODES.values())}"
