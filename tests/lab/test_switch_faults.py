"""Faults of whole switches: a restart in all its phases, and a switch that hangs."""

from __future__ import annotations

import time

import pytest

from lab.errors import LabBroken, LabError
from lab.faults import CablePull
from lab.switch_faults import SwitchBounce, SwitchFreeze
from lab.testbed import Testbed
from lab.waiting import eventually, never
from tests.lab.frames_on import deliver, probe

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 50
LATE_S = 0.25


def passing(bed: Testbed, expected: int = 0) -> int:
    """How many frames pass the switch from the host to the peer."""
    frames = [probe(number, SOURCE) for number in range(COUNT)]
    return deliver((bed.host("host"), "eth0"), (bed.host("peer"), "eth0"), frames, expected).total()


def carriers(bed: Testbed) -> set[bool]:
    """What the NICs at the switch see, all different answers."""
    return {host.interfaces.carrier(nic) for host in bed.hosts.values() for nic in host.nics}


def healed(bed: Testbed) -> bool:
    return all(cable.plugged and not cable.impairments for cable in bed.cables.values())


def told(bed: Testbed, since: int) -> list[str]:
    return [moment.text for moment in bed.timeline.moments[since:] if moment.source == "fault"]


def test_a_restart_has_a_carrier_before_it_forwards(star: Testbed) -> None:
    switch, since = star.switch("switch_a"), len(star.timeline.moments)
    assert passing(star, COUNT) == COUNT
    assert switch.mac_table()
    begun = time.monotonic()
    with SwitchBounce(star, switch, down_ms=300, forwarding_ms=800) as bounce:
        assert begun <= bounce.at <= time.monotonic()
        assert carriers(star) == {False}
        assert switch.mac_table() == ()
        assert 0.3 <= bounce.wait_carrier() - bounce.at <= 0.3 + LATE_S
        assert carriers(star) == {True}
        assert passing(star) == 0
        assert bounce.forwarding_at is None
        assert 0.8 <= bounce.wait_forwarding() - bounce.at <= 0.8 + LATE_S
        assert passing(star, COUNT) == COUNT
    assert healed(star)
    assert told(star, since) == [
        "switch sw1 restarts: down 300 ms, forwards after 800 ms",
        "switch sw1: links up",
        "switch sw1: forwards",
        "switch sw1 restarts: down 300 ms, forwards after 800 ms: healed",
    ]


def test_it_may_flap_while_it_starts(star: Testbed) -> None:
    switch, interfaces = star.switch("switch_a"), star.host("host").interfaces
    with SwitchBounce(star, switch, down_ms=200, flaps=2, flap_ms=150) as bounce:
        seen = [interfaces.carrier("eth2")]
        while bounce.forwarding_at is None:
            now = interfaces.carrier("eth2")
            if now != seen[-1]:
                seen.append(now)
        # 200 ms down, then twice up and down for 150 ms each.
        assert seen == [False, True, False, True, False, True]
        assert 0.8 <= bounce.wait_carrier() - bounce.at <= 0.8 + LATE_S
        assert bounce.wait_forwarding() >= bounce.wait_carrier()
        assert passing(star, COUNT) == COUNT


def test_a_restart_that_is_healed_early_is_over(star: Testbed) -> None:
    with SwitchBounce(star, star.switch("switch_a"), down_ms=60_000) as bounce:
        assert carriers(star) == {False}
        bounce.heal()
        assert carriers(star) == {True}
        assert passing(star, COUNT) == COUNT
        with pytest.raises(LabBroken, match="no carrier: it was healed before"):
            bounce.wait_carrier()
    assert healed(star)


def test_a_cable_that_was_out_stays_out(star: Testbed) -> None:
    pulled = star.slave_cable(3)
    with CablePull(star, pulled):
        with SwitchBounce(star, star.switch("switch_a"), down_ms=50) as bounce:
            bounce.wait_forwarding()
            assert not pulled.plugged
        assert not pulled.plugged
    assert healed(star)


def test_groups_come_back_after_a_restart(star: Testbed) -> None:
    switch = star.switch("switch_a")
    switch.group("po1", ["p1", "p2", "p3", "p4"])
    with SwitchBounce(star, switch, down_ms=100, forwarding_ms=200) as bounce:
        eventually(lambda: switch.members("po1") == (), within=LATE_S)
        bounce.wait_forwarding()
        eventually(lambda: len(switch.members("po1")) == 4, within=LATE_S)
        assert passing(star, COUNT) == COUNT
    switch.ungroup("po1")


@pytest.mark.parametrize(
    "wrong", [{"down_ms": -1.0}, {"forwarding_ms": -1.0}, {"flaps": -1}, {"flaps": 1, "flap_ms": 0.0}]
)
def test_a_restart_that_cannot_be(star: Testbed, wrong: dict[str, float]) -> None:
    with pytest.raises(LabError, match="ms down"):
        SwitchBounce(star, star.switch("switch_a"), **wrong)  # type: ignore[arg-type]  # by parameter


def test_trouble_in_between_is_told(star: Testbed, monkeypatch: pytest.MonkeyPatch) -> None:
    cable = star.cable("peer_link")
    plug = cable.plug

    def fail_once() -> float:
        monkeypatch.setattr(cable, "plug", plug)
        raise LabError("out of cables")

    monkeypatch.setattr(cable, "plug", fail_once)
    bounce = SwitchBounce(star, star.switch("switch_a"), down_ms=20)
    bounce.__enter__()
    with pytest.raises(LabBroken, match="out of cables"):
        bounce.wait_forwarding()
    with pytest.raises(LabBroken, match="out of cables"):
        bounce.heal()
    assert healed(star)


def test_a_frozen_switch_keeps_its_links_and_passes_nothing(star: Testbed) -> None:
    switch, since = star.switch("switch_a"), len(star.timeline.moments)
    assert passing(star, COUNT) == COUNT
    learned = switch.mac_table()
    before = switch.counters("p1")
    with SwitchFreeze(star, switch) as freeze:
        assert carriers(star) == {True}
        assert passing(star) == 0
        assert freeze.swallowed == COUNT
        assert switch.counters("p1") == before
        never(lambda: carriers(star) != {True}, during=0.2)
    assert switch.mac_table() == learned
    assert freeze.swallowed == COUNT
    assert healed(star)
    assert passing(star, COUNT) == COUNT
    assert told(star, since)[-1] == "switch sw1 frozen: healed"
