"""The switch in a User-Mode Linux guest, with an Open vSwitch at the far end of three cables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.availability import unavailable
from lab.errors import LabError
from lab.lacp import LacpState
from lab.switches.base import Lacp, Switch
from lab.switches.uml import UmlSwitch
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import deliver, probe
from tests.lab.test_lacp import JOIN_S, LINKS, plan

pytestmark = pytest.mark.root

COUNT = 100
EVENT_S = 2.0
SOURCE = "02:00:00:00:00:01"


@pytest.fixture(scope="module")
def guest_pair(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """host1 - a switch in a guest = three cables = Open vSwitch - station1."""
    topology = plan("uml")
    if why := unavailable(topology):
        pytest.skip(why)
    with Testbed.build(topology, tmp_path_factory.mktemp("guest")) as bed:
        yield bed


@pytest.fixture
def switch(guest_pair: Testbed) -> Iterator[UmlSwitch]:
    """The one in the guest. Afterwards there is no group at either end, and but one cable plugged in."""
    made = guest_pair.switch("sw1")
    assert isinstance(made, UmlSwitch)
    for port in LINKS[1:]:
        guest_pair.cable(f"sw1.{port}--sw2.{port}").pull()
    for one in guest_pair.switches.values():
        one.flush()  # Open vSwitch drops what a static group brings from an address known elsewhere
    yield made
    for port in LINKS[1:]:
        guest_pair.cable(f"sw1.{port}--sw2.{port}").pull()
    for one in guest_pair.switches.values():
        for name in tuple(one.groups):
            one.ungroup(name)


def plug(bed: Testbed) -> None:
    for port in LINKS[1:]:
        bed.cable(f"sw1.{port}--sw2.{port}").plug()


def passed(bed: Testbed, sender: str, receiver: str) -> dict[int, int]:
    """How often which of COUNT frames from different addresses came through."""
    frames = [probe(number, f"02:00:00:00:0a:{number:02x}") for number in range(COUNT)]
    return deliver((bed.host(sender), "eth0"), (bed.host(receiver), "eth0"), frames, COUNT)


def test_it_learns_forgets_and_counts(guest_pair: Testbed, switch: UmlSwitch) -> None:
    as_any: Switch = switch
    assert as_any.ports == (*LINKS, "p4")
    eventually(lambda: switch.forwards("p1") and switch.forwards("p4"), EVENT_S)
    before = switch.counters("p4")
    assert passed(guest_pair, "host", "peer") == dict.fromkeys(range(COUNT), 1)
    assert switch.counters("p4").received - before.received == COUNT
    assert {row.port for row in switch.mac_table()} == {"p4"}
    assert len(switch.mac_table()) == COUNT
    switch.flush()
    assert switch.mac_table() == ()


def test_a_port_that_is_disabled_has_no_carrier(guest_pair: Testbed, switch: UmlSwitch) -> None:
    host = guest_pair.host("host")
    switch.port_admin("p4", False)
    eventually(lambda: not host.interfaces.carrier("eth0"), EVENT_S)
    assert not switch.forwards("p4")
    switch.port_admin("p4", True)
    eventually(lambda: host.interfaces.carrier("eth0") and switch.forwards("p4"), EVENT_S)


@pytest.mark.parametrize("policy", ["xor-mac", "round-robin"])
def test_a_static_group(guest_pair: Testbed, switch: UmlSwitch, policy: str) -> None:
    switch.group("po1", LINKS, policy)  # type: ignore[arg-type]  # text of the parameter
    guest_pair.switch("sw2").group("po1", LINKS)
    plug(guest_pair)
    for one in guest_pair.switches.values():
        eventually(lambda one=one: one.members("po1"), EVENT_S, until=lambda seen: seen == LINKS)  # type: ignore[misc]
    before = {port: switch.counters(port).sent for port in LINKS}
    assert passed(guest_pair, "host", "peer") == dict.fromkeys(range(COUNT), 1)
    assert all(switch.counters(port).sent - before[port] >= COUNT // 10 for port in LINKS)
    assert {row.port for row in switch.mac_table()} == {"p4"}
    assert passed(guest_pair, "peer", "host") == dict.fromkeys(range(COUNT), 1)
    assert {row.port for row in switch.mac_table()} == {"po1"}


def test_its_lacp_aggregates_with_another_make(guest_pair: Testbed, switch: UmlSwitch) -> None:
    both = tuple(guest_pair.switches.values())
    for one in both:
        one.group("po1", LINKS, lacp=Lacp(fast=True))
    plug(guest_pair)

    def in_use(ports: tuple[str, ...], within: float) -> None:
        eventually(lambda: {one.members("po1") for one in both}, within, until=lambda seen: seen == {ports})

    in_use(LINKS, JOIN_S)
    for view in switch.lacp_ports("po1"):
        assert view.carries
        assert view.partner_system == both[1].lacp_ports("po1")[0].system
        assert LacpState.ACTIVITY | LacpState.TIMEOUT in view.actor_state
    assert passed(guest_pair, "host", "peer") == dict.fromkeys(range(COUNT), 1)
    assert passed(guest_pair, "peer", "host") == dict.fromkeys(range(COUNT), 1)
    guest_pair.cable("sw1.p3--sw2.p3").pull()
    in_use(("p1", "p2"), EVENT_S)
    assert passed(guest_pair, "host", "peer") == dict.fromkeys(range(COUNT), 1)


def test_what_it_refuses(switch: UmlSwitch) -> None:
    with pytest.raises(LabError, match="take a switch of kind ovs"):
        switch.vlan("p1", access=7)
    with pytest.raises(LabError, match="no policy 'round-robin'"):
        switch.group("po1", LINKS, "round-robin", Lacp())
    with pytest.raises(LabError, match="no group po9"):
        switch.members("po9")
    with pytest.raises(LabError, match="no port p9"):
        switch.counters("p9")
    switch.group("po1", ["p2"])
    with pytest.raises(LabError, match="is no LACP group"):
        switch.lacp_ports("po1")
