"""LACP between switches of every kind, back to back."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.lacp import NO_SYSTEM, LacpState
from lab.switches.base import Lacp
from lab.testbed import SoftwareSwitch, Testbed
from lab.topology import Host, SwitchKind, Topology
from lab.topology import Switch as SwitchPlan
from lab.waiting import eventually, never
from tests.lab.frames_on import deliver, probe
from topologies.parts import cable, station

pytestmark = pytest.mark.root

COUNT = 200
HOST_MAC = "02:00:00:00:00:01"
EVENT_S = 1.0
JOIN_S = 8.0
LINKS = ("p1", "p2", "p3")
SETTLED = LacpState.AGGREGATION | LacpState.SYNCHRONIZATION | LacpState.COLLECTING | LacpState.DISTRIBUTING


def plan(kind: SwitchKind) -> Topology:
    """host1 - sw1 = three cables = sw2 - station1: a loop until both have groups, so nobody sends before."""
    return Topology(
        name="pair",
        summary="a switch of each kind, three cables between them",
        picture="",
        hosts=(Host("host1", ("eth0",)), station("station1")),
        switches=(SwitchPlan("sw1", (*LINKS, "p4"), kind), SwitchPlan("sw2", (*LINKS, "p4"), "ovs")),
        cables=(
            cable("host1:eth0", "sw1:p4"),
            *(cable(f"sw1:{port}", f"sw2:{port}") for port in LINKS),
            cable("sw2:p4", "station1:eth0"),
        ),
        roles={"host": "host1", "peer": "station1"},
    )


@pytest.fixture(params=["ovs", "bridge"])
def pair(run_dir: Path, request: pytest.FixtureRequest) -> Iterator[Testbed]:
    """A switch of this kind, and an Open vSwitch."""
    with Testbed.build(plan(request.param), run_dir) as bed:
        yield bed


def both(bed: Testbed) -> tuple[SoftwareSwitch, SoftwareSwitch]:
    return bed.switch("sw1"), bed.switch("sw2")


def aggregate(bed: Testbed, one: Lacp, other: Lacp) -> tuple[SoftwareSwitch, SoftwareSwitch]:
    for switch, lacp in zip(both(bed), (one, other), strict=True):
        switch.group("po1", LINKS, lacp=lacp)
    return both(bed)


def in_use(bed: Testbed, ports: tuple[str, ...], within: float = JOIN_S) -> None:
    """Wait until both switches use exactly these ports."""
    eventually(
        lambda: {switch.members("po1") for switch in both(bed)}, within, until=lambda seen: seen == {ports}
    )


def passed(bed: Testbed, sender: str, receiver: str, count: int) -> dict[int, int]:
    """How often which of `count` frames came through."""
    frames = [probe(number, f"02:00:00:00:0a:{number:02x}") for number in range(count)]
    return deliver((bed.host(sender), "eth0"), (bed.host(receiver), "eth0"), frames, count)


@pytest.mark.parametrize("modes", [("active", "active"), ("active", "passive"), ("passive", "active")])
def test_ports_aggregate(pair: Testbed, modes: tuple[str, str]) -> None:
    lacps = [Lacp(mode, fast=True) for mode in modes]  # type: ignore[arg-type]  # text of the parameter
    one, other = aggregate(pair, *lacps)
    in_use(pair, LINKS)
    for switch, partner, mode in ((one, other, modes[0]), (other, one, modes[1])):
        views = eventually(
            lambda switch=switch: switch.lacp_ports("po1"),  # type: ignore[misc]
            JOIN_S,
            until=lambda ports: all(port.carries for port in ports),
        )
        assert tuple(view.port for view in views) == LINKS
        for view in views:
            assert view.attached
            assert view.partner_system == partner.lacp_ports("po1")[0].system
            assert SETTLED | LacpState.TIMEOUT in view.actor_state
            assert (LacpState.ACTIVITY in view.actor_state) == (mode == "active")
        assert all(switch.forwards(port) for port in LINKS)
    for ends in (("host", "peer"), ("peer", "host")):
        assert passed(pair, *ends, COUNT) == dict.fromkeys(range(COUNT), 1)
    for switch, port in ((one, "po1"), (other, "p4")):
        assert {row.port for row in switch.mac_table()} == {port}


def test_the_slow_rate(pair: Testbed) -> None:
    one, other = aggregate(pair, Lacp(), Lacp())
    in_use(pair, LINKS)
    for switch in (one, other):
        assert not any(LacpState.TIMEOUT in port.actor_state for port in switch.lacp_ports("po1"))


@pytest.mark.parametrize(
    "pair", ["ovs"], indirect=True
)  # bondimpl speaks first even when passive, as the driver
def test_two_passive_ends_do_not_aggregate(pair: Testbed) -> None:
    switches = aggregate(pair, Lacp("passive", fast=True), Lacp("passive", fast=True))
    never(lambda: any(switch.members("po1") for switch in switches), during=1.5)
    assert {port.partner_system for port in switches[0].lacp_ports("po1")} == {NO_SYSTEM}
    assert not any(port.attached or port.carries for port in switches[0].lacp_ports("po1"))
    assert not switches[0].forwards("p1")
    assert not passed(pair, "host", "peer", 1)


@pytest.mark.parametrize("order", [("sw1", "sw2"), ("sw2", "sw1")])
def test_a_group_of_one_port_waits_for_its_partner(pair: Testbed, order: tuple[str, str]) -> None:
    for port in ("p2", "p3"):
        pair.cable(f"sw1.{port}--sw2.{port}").pull()
    first, second = (pair.switch(name) for name in order)
    first.group("po1", ["p1"], lacp=Lacp(fast=True))
    never(lambda: first.forwards("p1") or first.members("po1"), during=0.5)
    assert not passed(pair, "host", "peer", 1)
    assert not passed(pair, "peer", "host", 1)
    second.group("po1", ["p1"], lacp=Lacp(fast=True))
    in_use(pair, ("p1",))
    for switch in (first, second):
        (view,) = switch.lacp_ports("po1")
        assert LacpState.AGGREGATION in view.actor_state
        assert switch.forwards("p1")
    assert passed(pair, "host", "peer", 1) == {0: 1}


@pytest.mark.parametrize("keyed", [0, 1])
def test_ports_of_different_keys_do_not_aggregate(pair: Testbed, keyed: int) -> None:
    lacps = [Lacp(fast=True), Lacp(fast=True)]
    lacps[keyed] = Lacp(fast=True, keys={"p2": 100})
    switches = aggregate(pair, *lacps)
    plain = switches[1 - keyed]
    eventually(lambda: plain.members("po1") and len({s.members("po1") for s in switches}) == 1, within=JOIN_S)
    for one, other in (switches, reversed(switches)):
        (system,) = {port.system for port in one.lacp_ports("po1")}
        # Those left out have not heard of it before they get its next LACPDU.
        eventually(
            partial(lambda switch: {port.partner_system for port in switch.lacp_ports("po1")}, other),
            within=JOIN_S,
            until=partial(operator.eq, {system}),
        )
    # Which of the two keys it is may depend on who spoke first.
    assert plain.members("po1") in (("p1", "p3"), ("p2",))
    out = set(LINKS) - set(plain.members("po1"))
    never(lambda: any(switch.forwards(port) for switch in switches for port in out), during=1.5)


def test_lacp_notices_what_the_carrier_does_not_show(pair: Testbed) -> None:
    aggregate(pair, Lacp(fast=True), Lacp(fast=True))
    in_use(pair, LINKS)
    link = pair.cable("sw1.p2--sw2.p2")
    link.impair("lost", ["ether type 0x8809 drop"])
    in_use(pair, ("p1", "p3"))
    link.heal("lost")
    in_use(pair, LINKS)


def test_a_pulled_cable_is_out_at_once_and_back_soon(pair: Testbed) -> None:
    one, _ = aggregate(pair, Lacp(fast=True), Lacp(fast=True))
    in_use(pair, LINKS)
    link = pair.cable("sw1.p3--sw2.p3")
    link.pull()
    in_use(pair, ("p1", "p2"), EVENT_S)
    link.plug()
    in_use(pair, LINKS)
    one.port_admin("p1", False)
    in_use(pair, ("p2", "p3"), EVENT_S)
    one.port_admin("p1", True)
    in_use(pair, LINKS)


def test_ungrouped_ports_are_plain_and_may_be_grouped_again(pair: Testbed) -> None:
    one, other = aggregate(pair, Lacp(fast=True), Lacp(fast=True, keys={"p3": 100}))
    for switch in (one, other):
        before = switch.ports
        switch.ungroup("po1")
        with pytest.raises(LabError, match="no group po1; there are: none"):
            switch.lacp_ports("po1")
        assert switch.ports == before
        eventually(lambda switch=switch: all(map(switch.forwards, LINKS)), EVENT_S)  # type: ignore[misc]
        names = str(switch.node.cmd("ls /sys/class/net")).split()
        assert not [name for name in names if name.startswith(("po1", "spare"))]
    aggregate(pair, Lacp(fast=True), Lacp(fast=True))
    in_use(pair, LINKS)


@pytest.mark.parametrize(
    ("name", "ports", "lacp", "message"),
    [
        ("other", ["p1"], Lacp(), "another group"),
        ("po1", ["p2"], None, "taken"),
        ("other", ["p2"], Lacp(keys={"p1": 100}), "LACP keys for p1: not its ports"),
    ],
)
def test_bad_groups(pair: Testbed, name: str, ports: list[str], lacp: Lacp | None, message: str) -> None:
    one, _ = both(pair)
    one.group("longest-name", ["p3"], lacp=Lacp(keys={"p3": 999}))
    one.group("po1", ["p1"], lacp=Lacp())
    with pytest.raises(LabError, match=message):
        one.group(name, ports, lacp=lacp)
    with pytest.raises(LabError, match="no policy 'round-robin'"):
        one.group("other", ["p2"], "round-robin", Lacp())
    assert one.forwards("p2")


@pytest.mark.parametrize("bad", [{"mode": "off"}, {"keys": {"p1": 99}}, {"keys": {"p1": 1000}}])
def test_bad_settings(bad: dict[str, object]) -> None:
    with pytest.raises(LabError, match=r"LACP .* must be"):
        Lacp(**bad)  # type: ignore[arg-type]  # on purpose
