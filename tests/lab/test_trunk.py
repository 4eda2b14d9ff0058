"""The bridge switch: learning, and static trunk groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.errors import LabError
from lab.switches.base import GroupPolicy, Switch
from lab.switches.trunk import SPREAD
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import deliver, ear, heard, heard_by, ip_probe, number_of, probe, send

pytestmark = pytest.mark.root

COUNT = 400
HOST_MAC = "02:00:00:00:00:01"
EVENT_S = 0.5


def station_mac(number: int) -> str:
    return f"02:00:00:00:0a:{number % 256:02x}"


@pytest.fixture
def grouped(star: Testbed, request: pytest.FixtureRequest) -> Iterator[Testbed]:
    policy: GroupPolicy = getattr(request, "param", "xor-mac")
    switch = star.switch("switch_a")
    switch.group("trunk", ["p1", "p2", "p3", "p4"], policy)
    yield star
    switch.ungroup("trunk")
    switch.flush()


def to_host(bed: Testbed, frames: list[bytes], expected: int) -> dict[str, Counter[int]]:
    """What each NIC of the host hears of frames that the peer sends."""
    host = bed.host("host")
    with ExitStack() as stack:
        ears = {nic: stack.enter_context(ear(host, nic)) for nic in host.nics}
        send(bed.host("peer"), "eth0", frames)
        return heard_by(ears, expected)


def total(by_nic: dict[str, Counter[int]]) -> Counter[int]:
    return sum(by_nic.values(), Counter())


def to_peer(bed: Testbed, expected: int) -> tuple[Counter[int], Counter[int]]:
    """What the peer hears of COUNT frames sent by the host over its NICs in turn, and what the host hears."""
    host, peer = bed.host("host"), bed.host("peer")
    with ExitStack() as stack:
        own = [stack.enter_context(ear(host, nic)) for nic in host.nics]
        far = stack.enter_context(ear(peer, "eth0"))
        outs = [stack.enter_context(host.packet_socket(nic, 0)) for nic in host.nics]
        for number in range(COUNT):
            outs[number % len(outs)].send(probe(number, HOST_MAC))
        return heard([far], expected), heard(own, 0)


def test_it_is_a_switch(star: Testbed) -> None:
    switch: Switch = star.switch("switch_a")
    assert switch.ports == ("p1", "p2", "p3", "p4", "p5", "p6")


def test_it_learns_and_forgets(star: Testbed) -> None:
    switch, host, peer, peer_b = (
        star.switch("switch_a"),
        star.host("host"),
        star.host("peer"),
        star.host("peer_b"),
    )
    switch.flush()
    assert switch.mac_table() == ()
    with ear(peer_b, "eth0") as bystander:
        assert deliver((host, "eth1"), (peer, "eth0"), [probe(1, HOST_MAC)], 1) == {1: 1}
        assert heard([bystander], 1) == {1: 1}
        assert [(row.mac, row.port) for row in switch.mac_table()] == [(HOST_MAC, "p2")]
        assert deliver((peer, "eth0"), (host, "eth1"), [probe(2, peer.mac("eth0"), HOST_MAC)], 1) == {2: 1}
        assert not heard([bystander], 0)
    switch.flush()
    assert switch.mac_table() == ()


def test_nothing_is_heard_of_a_silent_testbed(star: Testbed) -> None:
    with ExitStack() as stack:
        ears = [stack.enter_context(ear(host, nic)) for host in star.hosts.values() for nic in host.nics]
        assert not heard(ears, 0)
        for sock in ears:
            with pytest.raises(BlockingIOError):
                sock.recv(2000)


@pytest.mark.parametrize("grouped", list(SPREAD), indirect=True)
def test_every_frame_exactly_once_both_ways(grouped: Testbed) -> None:
    came, reflected = to_peer(grouped, COUNT)
    assert came == dict.fromkeys(range(COUNT), 1)
    assert not reflected
    by_nic = to_host(grouped, [probe(number, station_mac(number)) for number in range(COUNT)], COUNT)
    assert total(by_nic) == dict.fromkeys(range(COUNT), 1)
    assert all(counter.total() > COUNT // 10 for counter in by_nic.values())


@pytest.mark.parametrize("grouped", ["xor-mac"], indirect=True)
def test_xor_of_the_addresses_chooses_the_member(grouped: Testbed) -> None:
    frames = [probe(number, station_mac(number), HOST_MAC) for number in range(16)]
    send(grouped.host("host"), "eth0", [probe(999, HOST_MAC)])
    by_nic = to_host(grouped, frames, 16)
    for number in range(16):
        assert by_nic[f"eth{(number ^ 1) % 4}"][number] == 1


@pytest.mark.parametrize("grouped", ["xor-ip"], indirect=True)
def test_ip_addresses_spread_where_the_hardware_addresses_do_not(grouped: Testbed) -> None:
    frames = [ip_probe(number, "02:00:00:00:00:05", "ff:ff:ff:ff:ff:ff") for number in range(COUNT)]
    first = to_host(grouped, frames, COUNT)
    assert total(first) == dict.fromkeys(range(COUNT), 1)
    assert all(counter.total() > COUNT // 10 for counter in first.values())
    assert to_host(grouped, frames, COUNT) == first
    same = to_host(grouped, [probe(number, "02:00:00:00:00:05") for number in range(COUNT)], COUNT)
    assert sorted(counter.total() for counter in same.values()) == [0, 0, 0, COUNT]


@pytest.mark.parametrize("grouped", ["round-robin"], indirect=True)
def test_round_robin_is_even(grouped: Testbed) -> None:
    by_nic = to_host(grouped, [probe(number, station_mac(1)) for number in range(COUNT)], COUNT)
    assert {counter.total() for counter in by_nic.values()} == {COUNT // 4}


@pytest.mark.parametrize("grouped", list(SPREAD), indirect=True)
def test_a_member_without_carrier_takes_no_part(grouped: Testbed) -> None:
    switch, cable = grouped.switch("switch_a"), grouped.slave_cable(1)
    frames = [probe(number, station_mac(number)) for number in range(COUNT)]
    cable.pull()
    eventually(lambda: switch.members("trunk") == ("p1", "p3", "p4"), within=EVENT_S)
    by_nic = to_host(grouped, frames, COUNT)
    assert by_nic["eth1"].total() == 0
    assert total(by_nic) == dict.fromkeys(range(COUNT), 1)
    cable.plug()
    eventually(lambda: switch.members("trunk") == switch.ports[:4], within=EVENT_S)
    assert total(to_host(grouped, frames, COUNT)) == dict.fromkeys(range(COUNT), 1)


def test_a_slave_switched_off_at_the_host_takes_no_part(grouped: Testbed) -> None:
    switch, host = grouped.switch("switch_a"), grouped.host("host")
    host.interfaces.set_up("eth2", False)
    eventually(lambda: switch.members("trunk") == ("p1", "p2", "p4"), within=EVENT_S)
    host.interfaces.set_up("eth2", True)
    eventually(lambda: len(switch.members("trunk")) == 4, within=EVENT_S)


def test_a_group_without_members_is_down_and_comes_back(grouped: Testbed) -> None:
    switch = grouped.switch("switch_a")
    send(grouped.host("host"), "eth0", [probe(1, HOST_MAC)])
    eventually(
        lambda: [(row.mac, row.port) for row in switch.mac_table()] == [(HOST_MAC, "trunk")], within=EVENT_S
    )
    for number in range(4):
        grouped.slave_cable(number).pull()
    eventually(lambda: switch.members("trunk") == (), within=EVENT_S)
    eventually(lambda: switch.mac_table() == (), within=EVENT_S)
    for number in range(4):
        grouped.slave_cable(number).plug()
    eventually(lambda: switch.interfaces.ready("trunk") and len(switch.members("trunk")) == 4, within=EVENT_S)
    came, reflected = to_peer(grouped, COUNT)
    assert came == dict.fromkeys(range(COUNT), 1)
    assert not reflected


def test_ungrouped_ports_are_plain_again(star: Testbed) -> None:
    switch = star.switch("switch_a")
    switch.group("trunk", ["p1", "p2"])
    switch.ungroup("trunk")
    with ear(star.host("host"), "eth1") as other:
        frames = [probe(number, HOST_MAC) for number in range(10)]
        assert deliver((star.host("host"), "eth0"), (star.host("peer"), "eth0"), frames, 10).total() == 10
        assert heard([other], 10).total() == 10
    names = switch.node.cmd("ls /sys/class/net").split()
    assert not [name for name in names if "trunk" in name]


def test_two_groups(star: Testbed) -> None:
    switch, host = star.switch("switch_a"), star.host("host")
    switch.group("one", ["p1", "p2"])
    switch.group("two", ["p3", "p4"], "round-robin")
    with ear(host, "eth2") as c, ear(host, "eth3") as d, ear(host, "eth1") as sibling:
        send(host, "eth0", [probe(number, HOST_MAC) for number in range(20)])
        assert heard([c, d], 20) == dict.fromkeys(range(20), 1)
        assert not heard([sibling], 0)
    switch.ungroup("one")
    switch.ungroup("two")


def test_bad_groups(star: Testbed) -> None:
    switch = star.switch("switch_a")
    switch.group("trunk", ["p1"])
    for name, ports, message in (
        ("other", ["p1"], "another group"),
        ("other", ["nope"], "no such port"),
        ("other", [], "needs ports"),
        ("other", ["p2", "p2"], "each once"),
        ("trunk", ["p2"], "taken"),
        ("p6", ["p2"], "taken"),
        ("a-name-too-long", ["p2"], "12 letters"),
    ):
        with pytest.raises(LabError, match=message):
            switch.group(name, ports)
    with pytest.raises(LabError, match="no policy"):
        switch.group("other", ["p2"], "best")  # type: ignore[arg-type]
    switch.ungroup("trunk")
    with pytest.raises(LabError, match="no group"):
        switch.ungroup("trunk")
    with pytest.raises(LabError, match="no port"):
        switch.port_admin("p9", True)


def test_frames_of_this_module_carry_their_number() -> None:
    assert number_of(probe(7, HOST_MAC)) == 7
    assert number_of(ip_probe(8, HOST_MAC, HOST_MAC)) == 8
