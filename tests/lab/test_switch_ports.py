"""Ports of switches of both makes: counters, spanning tree; VLANs where there are any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import topologies
from lab import frames
from lab.capture import Capture
from lab.errors import LabError
from lab.faults import CablePull
from lab.switches.kernel_bridge import FORWARD_DELAY_S
from lab.testbed import Testbed
from lab.topology import Port
from lab.waiting import eventually, never
from tests.lab.frames_on import deliver, ear, heard, probe, send
from topologies.parts import cable

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 20
MAKES = {"bridge": "single_switch", "ovs": "lacp_switch:ovs"}
PROBE_BYTES = len(probe(0, SOURCE))


@pytest.fixture(scope="module", params=MAKES)
def any_star(
    in_sandbox: None, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Testbed]:
    """A host with four cables to a switch of either make, two stations behind it."""
    topology = topologies.build(MAKES[request.param])
    with Testbed.build(topology, tmp_path_factory.mktemp("star")) as bed:
        yield bed


@pytest.fixture(scope="module")
def vlan_star(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """The same with Open vSwitch."""
    with Testbed.build(topologies.build(MAKES["ovs"]), tmp_path_factory.mktemp("vlans")) as bed:
        yield bed


def passing(bed: Testbed, expected: int = 0) -> int:
    """How many frames pass from the host's eth0 to the peer."""
    out = [probe(number, SOURCE) for number in range(COUNT)]
    return deliver((bed.host("host"), "eth0"), (bed.host("peer"), "eth0"), out, expected).total()


def test_counters(any_star: Testbed) -> None:
    switch = any_star.switch("switch_a")
    ports = ("p1", "p5")
    before = {port: switch.counters(port) for port in ports}
    assert passing(any_star, COUNT) == COUNT
    p1, p5 = (switch.counters(port) for port in ports)
    assert (p1.received - before["p1"].received, p1.sent - before["p1"].sent) == (COUNT, 0)
    assert (p5.received - before["p5"].received, p5.sent - before["p5"].sent) == (0, COUNT)
    assert p1.received_bytes - before["p1"].received_bytes == COUNT * PROBE_BYTES
    assert p5.sent_bytes - before["p5"].sent_bytes == COUNT * PROBE_BYTES
    with pytest.raises(LabError, match="no port p9"):
        switch.counters("p9")


@pytest.mark.parametrize("make", MAKES)
def test_spanning_tree_lets_a_port_wait(make: str, run_dir: Path) -> None:
    """With a carrier at once, frames pass after listening and learning; without spanning tree, at once."""
    with Testbed.build(topologies.build(MAKES[make]), run_dir) as bed:
        switch = bed.switch("switch_a")
        switch.spanning_tree(True)
        eventually(lambda: switch.forwards("p1") and switch.forwards("p5"), within=6)
        assert passing(bed, COUNT) == COUNT
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: not switch.forwards("p1"), within=1)
        plugged = time.monotonic()
        assert bed.host("host").interfaces.carrier("eth0")
        never(lambda: switch.forwards("p1"), during=1.5, every=0.1)
        assert passing(bed) == 0
        eventually(lambda: switch.forwards("p1"), within=4)
        waited = time.monotonic() - plugged
        if make == "bridge":
            assert 2 * FORWARD_DELAY_S - 0.5 <= waited <= 2 * FORWARD_DELAY_S + 1
        else:
            assert 2 <= waited <= 4
        # Open vSwitch takes a moment to forget that it dropped the frames of that flow until now.
        eventually(lambda: passing(bed, COUNT) == COUNT, within=2, what="frames pass a port that forwards")
        switch.group("po1", ["p3", "p4"])
        assert switch.forwards("p3") == (make == "ovs")  # whose groups take no part in it
        switch.ungroup("po1")
        switch.spanning_tree(False)
        assert passing(bed, COUNT) == COUNT
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: not switch.interfaces.carrier("p1"), within=1)
        eventually(lambda: switch.forwards("p1"), within=0.5)
        assert passing(bed, COUNT) == COUNT


def test_spanning_tree_breaks_a_loop(run_dir: Path) -> None:
    """Two links between two switches: one of their ports blocks, and a broadcast comes once."""
    plain = topologies.build("two_switch_isl")
    switches = tuple(replace(switch, ports=(*switch.ports, "port4")) for switch in plain.switches)
    second = cable("switchA:port4", "switchB:port4")
    with Testbed.build(replace(plain, switches=switches, cables=(*plain.cables, second)), run_dir) as bed:
        ends = [(switch, port) for switch in bed.switches.values() for port in ("port2", "port4")]
        for switch in bed.switches.values():
            switch.spanning_tree(True)
        eventually(
            lambda: sorted(switch.forwards(port) for switch, port in ends),
            within=6,
            until=lambda forward: forward == [False, True, True, True],
            every=0.1,
        )
        with ear(bed.host("peer_b"), "eth0") as sock:
            send(bed.host("peer"), "eth0", [probe(number, SOURCE) for number in range(COUNT)])
            assert heard([sock], COUNT) == dict.fromkeys(range(COUNT), 1)


class Talk:
    """Frames between the stations of a testbed, by the VLAN that each of them sees."""

    def __init__(self, bed: Testbed, capture: Capture) -> None:
        self.bed, self.capture = bed, capture

    def heard_from(self, role: str, vid: int | None, nic: str = "eth0") -> dict[str, int | None]:
        """Who hears a broadcast that this host sends with such a tag: its tag there, None without one."""
        sender, since = self.bed.host(role), self.capture.mark()
        payload = frames.probe_payload(1, 0, 40)
        addresses = frames.BROADCAST, sender.mac(nic), "10.0.0.1", "10.0.0.255"
        send(sender, nic, [frames.udp(*addresses, payload, vlan_id=vid)])
        self.capture.settle()
        found_at = {}
        for host in self.bed.hosts.values():
            for port in host.nics:
                for seen in self.capture.frames(Port(host.name, port), sent=False, since_s=since):
                    if found := frames.probe(seen.data):
                        found_at[f"{host.name}:{port}"] = found.vlan
        return found_at


@pytest.fixture
def talk(vlan_star: Testbed) -> Iterator[Talk]:
    """What the stations of `vlan_star` say to each other."""
    with Capture.start(vlan_star.cables.values()) as capture:
        yield Talk(vlan_star, capture)
    switch = vlan_star.switch("switch_a")
    for port in switch.ports:
        switch.vlan(port)


HOST = [f"host1:eth{n}" for n in range(4)]


def test_access_and_trunk_ports(vlan_star: Testbed, talk: Talk) -> None:
    switch = vlan_star.switch("switch_a")
    everyone: dict[str, int | None] = dict.fromkeys([*HOST[1:], "station1:eth0", "station2:eth0"])
    assert talk.heard_from("host", None) == everyone
    switch.vlan("p1", access=7)
    for port in ("p2", "p3", "p4"):
        switch.vlan(port, access=9)
    switch.vlan("p5", trunk=(7, 8))
    switch.vlan("p6", access=8)
    assert talk.heard_from("host", None) == {"station1:eth0": 7}
    assert talk.heard_from("peer", 7) == {HOST[0]: None}
    assert talk.heard_from("peer", 8) == {"station2:eth0": None}
    assert talk.heard_from("peer_b", None) == {"station1:eth0": 8}
    assert talk.heard_from("peer", 9) == {}
    assert talk.heard_from("peer", None) == {}
    assert talk.heard_from("host", 8) == {}
    switch.vlan("p5", access=9, trunk=(7,))
    assert talk.heard_from("peer", None) == dict.fromkeys(HOST[1:])
    assert talk.heard_from("peer", 7) == {HOST[0]: None}
    for port in switch.ports:
        switch.vlan(port)
    assert talk.heard_from("host", None) == everyone


def test_vlans_of_a_group(vlan_star: Testbed, talk: Talk) -> None:
    switch = vlan_star.switch("switch_a")
    switch.group("po1", ["p1", "p2"])
    switch.vlan("po1", trunk=(7,))
    switch.vlan("p5", access=7)
    plain = [*HOST[2:], "station2:eth0"]  # to which frames of all VLANs pass, with their tags
    assert talk.heard_from("host", 7) == {"station1:eth0": None, **dict.fromkeys(plain, 7)}
    assert talk.heard_from("host", None) == {}
    with pytest.raises(LabError, match="VLANs are the group's"):
        switch.vlan("p1", access=7)
    switch.ungroup("po1")
    assert "station2:eth0" in talk.heard_from("host", None)


@pytest.mark.parametrize("vid", [0, 4095])
def test_bad_vlans(vlan_star: Testbed, vid: int) -> None:
    switch = vlan_star.switch("switch_a")
    with pytest.raises(LabError, match="must be from 1 to 4094"):
        switch.vlan("p1", access=vid)
    with pytest.raises(LabError, match="must be from 1 to 4094"):
        switch.vlan("p1", trunk=[7, vid])


def test_no_such_port(vlan_star: Testbed) -> None:
    with pytest.raises(LabError, match="no port p9"):
        vlan_star.switch("switch_a").vlan("p9", access=7)


def test_the_bridge_has_no_vlans(star: Testbed) -> None:
    with pytest.raises(LabError, match="take a switch of kind ovs"):
        star.switch("switch_a").vlan("p1", access=7)
