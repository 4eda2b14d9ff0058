"""Needs of cases against the topologies."""

from __future__ import annotations

import pytest

import topologies
from lab.needs import Needs, why_not

ALL = tuple(topologies.BUILDERS)


def showing(needs: Needs) -> list[str]:
    return [name for name in ALL if why_not([needs], topologies.build(name)) is None]


def test_no_needs_no_obstacles_but_special_topologies_are_for_special_cases() -> None:
    general = ["host_to_host", "single_switch", "two_switch_isl"]
    general += ["bladecenter:opm", "bladecenter:esm", "bladecenter:mixed"]
    assert showing(Needs()) == general
    assert [name for name in ALL if why_not([], topologies.build(name)) is None] == general


@pytest.mark.parametrize(
    ("needs", "names"),
    [
        (Needs(slaves=4), ["host_to_host", "single_switch"]),
        (Needs(slaves=2, meeting=True), ["host_to_host", "single_switch", "bladecenter:opm"]),
        (Needs(slaves=2, meeting=False), ["two_switch_isl", "bladecenter:esm", "bladecenter:mixed"]),
        (Needs(slaves=2, switch=False), ["host_to_host"]),
        (Needs(slaves=2, switch=True, meeting=True), ["single_switch", "bladecenter:opm"]),
        (Needs(roles=("isl",)), ["two_switch_isl"]),
        (Needs(traits=("esm", "opm")), ["bladecenter:mixed"]),
        (Needs(traits=("esm",), without=("opm",)), ["bladecenter:esm"]),
        (Needs(slaves=9), []),
        (
            Needs(traits=("lacp",)),
            ["lacp_switch:bridge", "lacp_switch:ovs", "lacp_switch:two_ovs", "kernel_peer"],
        ),
        (
            Needs(slaves=2, traits=("lacp",), meeting=True),
            ["lacp_switch:bridge", "lacp_switch:ovs", "kernel_peer"],
        ),
        (Needs(slaves=2, traits=("lacp",), meeting=False), ["lacp_switch:two_ovs"]),
        (Needs(traits=("kernel",)), ["kernel_peer"]),
        (Needs(traits=("kernel-arp",)), ["kernel_station"]),
        (Needs(traits=("kernel-switch",)), ["lacp_switch:kernel"]),
        (Needs(traits=("isolated",)), ["two_switch_isolated"]),
        (Needs(traits=("three-switches",)), ["three_switch_chain"]),
        (Needs(traits=("gateway",)), ["gateway"]),
        (Needs(traits=("many-peers",)), ["many_peers"]),
        (Needs(traits=("linked",)), ["bladecenter:linked"]),
        (Needs(traits=("apart",)), ["bladecenter:apart"]),
        (Needs(slaves=4, traits=("card",)), ["bladecenter:card"]),
        (Needs(traits=("full",)), ["bladecenter:full"]),
    ],
)
def test_who_can_show_it(needs: Needs, names: list[str]) -> None:
    assert showing(needs) == names


@pytest.mark.parametrize(
    ("needs", "topology", "words"),
    [
        (Needs(slaves=3), "two_switch_isl", "needs 3 slaves, the host has 2"),
        (
            Needs(slaves=2, meeting=True),
            "two_switch_isl",
            "meet on one node, they end on switchA and switchB",
        ),
        (Needs(slaves=2, meeting=False), "single_switch", "on different nodes, they all end on sw1"),
        (Needs(slaves=2, switch=True), "host_to_host", "on switches, they end on host2"),
        (Needs(slaves=2, switch=False), "single_switch", "straight to the peer, they end on sw1"),
        (Needs(roles=("isl", "peer")), "single_switch", "needs isl, which nothing here plays"),
        (Needs(traits=("chassis",)), "single_switch", "needs a topology that is chassis"),
        (Needs(without=("chassis",)), "bladecenter:opm", "needs a topology that is not chassis"),
        (Needs(traits=("lacp",)), "single_switch", "needs a topology that is lacp"),
        (Needs(slaves=2), "lacp_switch:ovs", "is only for cases that need lacp"),
    ],
)
def test_the_reason_in_words(needs: Needs, topology: str, words: str) -> None:
    assert words in (why_not([needs], topologies.build(topology)) or "")


def test_needs_add_up() -> None:
    """Those of a class and of its method: one of them may ask for the trait."""
    topology = topologies.build("lacp_switch:ovs")
    assert why_not([Needs(slaves=2), Needs(traits=("lacp",))], topology) is None
    assert why_not([Needs(slaves=5), Needs(traits=("lacp",))], topology) == ("needs 5 slaves, the host has 4")


def test_only_the_first_slaves_count() -> None:
    assert Needs(slaves=1, meeting=True).missing(topologies.build("two_switch_isl")) is None


def test_a_word_instead_of_a_tuple_is_caught() -> None:
    with pytest.raises(TypeError, match="roles takes a tuple"):
        Needs(roles="isl")  # type: ignore[arg-type]
