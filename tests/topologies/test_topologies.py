"""Topologies are data: their roles, their wiring, what is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

import topologies
from lab.errors import TopologyError
from lab.topology import Cable, Host, Port, Switch, Topology
from topologies import bladecenter, single_switch

ALL = tuple(topologies.BUILDERS)


@pytest.mark.parametrize("name", ALL)
def test_each_has_a_picture_a_host_and_a_peer(name: str) -> None:
    topology = topologies.build(name)
    assert topology.name == name
    assert topology.summary
    assert len(topology.slaves) >= 2
    assert topology.host("peer").name != topology.host("host").name
    nodes = [host.name for host in topology.hosts] + [switch.name for switch in topology.switches]
    for node in nodes:
        # A node with a number stands for its like: blade1 ... blade14 are drawn as blade1 and blade2.
        assert re.sub(r"\d+$", "", node) in topology.picture, f"{node} is not in the picture"


@pytest.mark.parametrize("name", ALL)
def test_every_nic_has_a_cable(name: str) -> None:
    topology = topologies.build(name)
    for host in topology.hosts:
        for nic in host.nics:
            assert topology.far_end(Port(host.name, nic)).node != host.name


def test_expansion_of_names() -> None:
    assert topologies.expand("all") == ALL
    assert topologies.expand("bladecenter") == tuple(
        f"bladecenter:{variant}" for variant in ("opm", "esm", "mixed", "linked", "apart", "card", "full")
    )
    assert topologies.expand("bladecenter:esm, single_switch") == ("bladecenter:esm", "single_switch")
    assert topologies.expand("lacp_switch") == tuple(
        f"lacp_switch:{variant}" for variant in ("bridge", "ovs", "two_ovs", "kernel")
    )
    for bad in ("bladecentre", "", "bladecenter:xyz"):
        with pytest.raises(TopologyError, match="there are: host_to_host"):
            topologies.expand(bad)


@pytest.mark.parametrize(
    ("modules", "ends", "meet"),
    [
        (("esm", "esm"), ("esm1", "esm2"), None),
        (("opm", "opm"), ("ext", "ext"), "ext"),
        (("esm", "opm"), ("esm1", "ext"), None),
        (("opm", "esm"), ("ext", "esm2"), None),
    ],
)
def test_where_the_modules_lead(
    modules: tuple[bladecenter.Module, bladecenter.Module], ends: tuple[str, str], meet: str | None
) -> None:
    chassis = bladecenter.build(modules, blades=14)
    for blade in (f"blade{i}" for i in range(1, 15)):
        assert tuple(chassis.far_end(Port(blade, nic)).node for nic in ("eth0", "eth1")) == ends
    assert chassis.meeting_node() == meet
    assert chassis.far_end(Port("mm", "eth0")).node == ends[0], "SoL is on eth0"


@pytest.mark.parametrize(
    ("modules", "ends"),
    [
        (("esm", "esm"), ["esm1", "esm2"]),
        (("opm", "esm"), ["ext1", "esm2"]),
        (("opm", "opm", "opm", "esm"), ["ext1", "ext2", "ext3", "esm4"]),
    ],
)
def test_networks_that_do_not_converge_have_a_station_each(
    modules: Sequence[bladecenter.Module], ends: list[str]
) -> None:
    chassis = bladecenter.build(modules, converge=False)
    assert [chassis.far_end(port).node for port in chassis.slaves] == ends
    assert [chassis.far_end(Port(f"station{n}", "eth0")).node for n in range(1, len(ends) + 1)] == ends
    assert networks(chassis) == len(ends)
    assert "external" not in chassis.roles


def networks(topology: Topology) -> int:
    """In how many parts the switches are, joined by cables."""
    parts = [{switch.name} for switch in topology.switches]
    for cable in topology.cables:
        one, other = ([p for p in parts if end.node in p] for end in (cable.a, cable.b))
        if one and other and one[0] is not other[0]:
            parts.remove(other[0])
            one[0].update(other[0])
    return len(parts)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("two_switch_isl", 1),
        ("two_switch_isolated", 2),
        ("three_switch_chain", 1),
        ("gateway", 2),
        ("bladecenter:esm", 1),
        ("bladecenter:linked", 1),
        ("bladecenter:apart", 2),
        ("bladecenter:card", 1),
    ],
)
def test_which_networks_are_one(name: str, count: int) -> None:
    assert networks(topologies.build(name)) == count


@pytest.mark.parametrize("name", ALL)
def test_no_loop_among_the_switches(name: str) -> None:
    topology = topologies.build(name)
    switches = {switch.name for switch in topology.switches}
    between = [cable for cable in topology.cables if {cable.a.node, cable.b.node} <= switches]
    assert len(between) == len(switches) - networks(topology)


@pytest.mark.parametrize(("module", "uplinks"), [("esm", 4), ("opm", 0)])
def test_a_daughter_card_is_wired_to_modules_3_and_4(module: bladecenter.Module, uplinks: int) -> None:
    chassis = bladecenter.build([module] * 4, blades=14)
    ends = ["esm1", "esm2", "esm3", "esm4"] if module == "esm" else ["ext"] * 4
    for blade in (f"blade{i}" for i in range(1, 15)):
        assert [chassis.far_end(Port(blade, f"eth{n}")).node for n in range(4)] == ends
    assert [chassis.roles[f"switch_{letter}"] for letter in "abcd"] == ends
    assert len([role for role in chassis.roles if role.startswith("uplink_")]) == uplinks


def test_linked_esms_are_the_drawing_of_two_switches() -> None:
    chassis, drawing = topologies.build("bladecenter:linked"), topologies.build("two_switch_isl")
    for topology in (chassis, drawing):
        a, b = topology.role("switch_a"), topology.role("switch_b")
        ends = {
            role: {c.a.node, c.b.node}
            for role in ("isl", "uplink_a", "uplink_b")
            for c in topology.cables
            if c.name == topology.role(role)
        }
        assert ends == {
            "isl": {a, b},
            "uplink_a": {a, topology.role("peer")},
            "uplink_b": {b, topology.role("peer_b")},
        }
    roles = [
        role for role in bladecenter.build(["esm"] * 4, converge=False, joined=True).roles if "isl" in role
    ]
    assert roles == ["isl", "isl_2", "isl_3"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"modules": ()}, "0 I/O modules"),
        ({"modules": ["esm"] * 5}, "5 I/O modules"),
        ({"joined": True}, "a loop"),
        ({"modules": ("esm", "opm"), "joined": True, "converge": False}, "it takes two switch modules"),
    ],
)
def test_a_chassis_that_cannot_be(parameters: dict[str, object], says: str) -> None:
    with pytest.raises(TopologyError, match=says):
        bladecenter.build(**parameters)  # type: ignore[arg-type]  # by parameter


@pytest.mark.parametrize("blades", [0, 15, -1])
def test_a_chassis_takes_fourteen_blades(blades: int) -> None:
    with pytest.raises(TopologyError, match="1 to 14"):
        bladecenter.build(blades=blades)


@pytest.mark.parametrize(
    ("variant", "ends", "kind"),
    [
        ("bridge", ["sw1"] * 4, "bridge"),
        ("ovs", ["sw1"] * 4, "ovs"),
        ("two_ovs", ["sw1", "sw2", "sw1", "sw2"], "ovs"),
        ("kernel", ["sw1"] * 4, "uml"),
    ],
)
def test_where_the_switches_speak_lacp(variant: str, ends: list[str], kind: str) -> None:
    topology = topologies.build(f"lacp_switch:{variant}")
    assert [topology.far_end(port).node for port in topology.slaves] == ends
    assert {switch.kind for switch in topology.switches} == {kind}


def test_many_peers_are_a_large_single_switch() -> None:
    large, small = topologies.build("many_peers"), topologies.build("single_switch")
    assert set(small.hosts) < set(large.hosts)
    assert set(small.roles.items()) == set(large.roles.items())
    assert len({large.far_end(Port(f"station{n}", "eth0")) for n in range(1, 65)}) == 64
    with pytest.raises(TopologyError, match="it takes two"):
        single_switch.build(peers=1)


def test_everything_beyond_the_router_passes_it() -> None:
    topology = topologies.build("gateway")
    assert topology.meeting_node() == "sw1"
    assert topology.far_end(Port("router", "eth0")).node == "sw1"
    assert {topology.far_end(Port(f"remote{n}", "eth0")).node for n in range(1, 5)} == {"sw2"}


def test_the_third_switch() -> None:
    topology = topologies.build("three_switch_chain")
    assert [topology.far_end(port).node for port in topology.slaves] == ["switchA", "switchB", "switchC"]
    for letter, role in zip("abc", ("peer", "peer_b", "peer_c"), strict=True):
        outside = Port(topology.role(role), "eth0")
        assert topology.far_end(outside).node == topology.role(f"switch_{letter}")


def test_the_peer_of_isolated_switches_is_in_both_networks() -> None:
    topology = topologies.build("two_switch_isolated")
    for nic, switch, receiver in (("eth0", "switchA", "outside_a"), ("eth1", "switchB", "outside_b")):
        for end in (Port("host1", nic), Port("host2", nic), Port(receiver, "eth0")):
            assert topology.far_end(end).node == switch


def test_a_peer_with_a_kernel_of_its_own() -> None:
    topology = topologies.build("kernel_peer")
    assert [host.kind for host in topology.hosts] == ["namespace", "uml"]
    assert topology.cables == topologies.build("host_to_host").cables
    topology = topologies.build("kernel_station")
    assert [host.kind for host in topology.hosts] == ["namespace", "uml", "namespace"]
    assert topology.cables == topologies.build("single_switch").cables


HOSTS = (Host("host1", ("eth0",)), Host("peer1", ("eth0",)))
ROLES = {"host": "host1", "peer": "peer1"}
CABLE = Cable("c1", Port("host1", "eth0"), Port("peer1", "eth0"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"roles": {"host": "host1"}}, "nobody plays the role peer"),
        ({"roles": ROLES | {"switch_a": "sw9"}}, "role switch_a is sw9"),
        ({"hosts": (*HOSTS, Host("host1", ()))}, "names used twice: host1"),
        ({"switches": (Switch("host1", ()),)}, "names used twice: host1"),
        ({"cables": (CABLE, Cable("c2", CABLE.a, CABLE.b))}, "two cables in host1:eth0"),
        ({"cables": (Cable("c1", CABLE.a, Port("peer1", "eth7")),)}, "peer1:eth7: no such port"),
        ({"traits": frozenset({"a"}), "only_for": frozenset({"a", "b"})}, "is only for b, but is not that"),
    ],
)
def test_a_topology_that_contradicts_itself(change: dict[str, object], says: str) -> None:
    facts: dict[str, object] = {
        "name": "x",
        "summary": "",
        "picture": "",
        "hosts": HOSTS,
        "switches": (),
        "cables": (CABLE,),
        "roles": ROLES,
    }
    with pytest.raises(TopologyError, match=says):
        Topology(**facts | change)  # type: ignore[arg-type]  # by parameter


def test_asking_for_what_is_not_there() -> None:
    topology = single_switch.build()
    with pytest.raises(TopologyError, match="has no isl; its roles are"):
        topology.role("isl")
    with pytest.raises(TopologyError, match="switch_a is not a host"):
        topology.host("switch_a")
    with pytest.raises(TopologyError, match="does not touch station1"):
        topology.cable_at(Port("host1", "eth0")).other_end("station1")
