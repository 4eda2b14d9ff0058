"""What is written down of a testbed when a case fails."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.errors import LabError
from lab.evidence import Scene, evidence
from lab.faults import Blackhole, Delay
from lab.switches.base import Lacp
from lab.testbed import Testbed
from tests.lab.frames_on import deliver, probe

pytestmark = pytest.mark.root


def state(bed: Testbed, name: str) -> Any:
    return json.loads(evidence(cast(Scene, bed))[name])


def test_switches_tell_their_table_and_groups(star: Testbed) -> None:
    switch, source = star.switch("switch_a"), "02:00:00:00:00:01"
    switch.group("po1", switch.ports[:2])
    switch.group("po2", switch.ports[2:4], lacp=Lacp(fast=True))
    try:
        deliver((star.host("host"), "eth0"), (star.host("peer"), "eth0"), [probe(1, source)], 1)
        told = state(star, f"{switch.name}-switch.json")
    finally:
        switch.ungroup("po1")
        switch.ungroup("po2")
    assert told["mac table"] == {source: "po1"}
    assert told["groups"]["po1"] == {"ports": list(switch.ports[:2]), "taking part": list(switch.ports[:2])}
    assert (told["groups"]["po2"]["taking part"], len(told["groups"]["po2"]["lacp"])) == ([], 2)
    assert told["forwarding"] == dict.fromkeys(switch.ports, True) | dict.fromkeys(switch.ports[2:4], False)


def test_cables_tell_what_is_wrong_with_them(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    cable.limit(30)
    with Blackhole(pair, cable, from_node="host"), Delay(pair, cable, 1, from_node="peer"):
        told = state(pair, f"cable-{cable.name}.json")
    cable.limit(None)
    (rules,) = told["impairments"].values()
    assert any("counter packets 0" in rule for rule in rules)
    assert (told["Mbit/s"], told["delayed from"]) == (30, ["host2:eth0"])


def test_hosts_tell_links_and_addresses(pair: Testbed) -> None:
    links = state(pair, "host1-ip-link.json")
    assert {link["ifname"] for link in links} >= {"lo", "eth0", "eth3"}
    assert all("stats64" in link for link in links)
    assert state(pair, "host2-ip-addr.json")[0]["ifname"] == "lo"


def test_a_host_that_does_not_answer_is_no_obstacle() -> None:
    def refuse(*_: object, **__: object) -> None:
        raise LabError("it hangs")

    scene = SimpleNamespace(hosts={"host1": SimpleNamespace(run=refuse)}, switches={}, cables={})
    told = evidence(cast(Scene, scene))
    assert set(told.values()) == {'{"cannot be told": "it hangs"}'}
    assert "host1-ip-link.json" in told
