"""Topologies are data: their roles, their wiring, what is refused."""

from __future__ import annotations

import re

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
    assert topologies.expand("bladecenter") == ("bladecenter:opm", "bladecenter:esm", "bladecenter:mixed")
    assert topologies.expand("bladecenter:esm, single_switch") == ("bladecenter:esm", "single_switch")
    assert topologies.expand("lacp_switch") == tuple(
        f"lacp_switch:{variant}" for variant in ("bridge", "ovs", "two_ovs")
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


def test_two_esms_without_an_external_switch_are_two_networks() -> None:
    chassis = bladecenter.build(external=False)
    assert [switch.name for switch in chassis.switches] == ["esm1", "esm2"]
    assert chassis.far_end(Port("station1", "eth0")).node == "esm1"
    assert chassis.far_end(Port("station2", "eth0")).node == "esm2"
    with pytest.raises(TopologyError, match="needs the external switch"):
        bladecenter.build(("esm", "opm"), external=False)


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
    ],
)
def test_where_the_switches_speak_lacp(variant: str, ends: list[str], kind: str) -> None:
    topology = topologies.build(f"lacp_switch:{variant}")
    assert [topology.far_end(port).node for port in topology.slaves] == ends
    assert {switch.kind for switch in topology.switches} == {kind}


def test_a_peer_with_a_kernel_of_its_own() -> None:
    topology = topologies.build("kernel_peer")
    assert [host.kind for host in topology.hosts] == ["namespace", "uml"]
    assert topology.cables == topologies.build("host_to_host").cables


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
