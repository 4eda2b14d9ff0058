"""`bondctl lacp show`: the text about a settled bond, one without partner and one without link."""

from __future__ import annotations

from bondimpl.cli.lacp_show import lacp_text
from bondimpl.frames.ethernet import format_mac
from bondimpl.machine import Speed
from bondimpl.status import as_json
from tests.core.back_to_back import BackToBack
from tests.core.world import World

IN_SYNC = "activity timeout aggregation synchronized collecting distributing"


def text_of(world: World) -> str:
    return lacp_text(as_json(world.bond.snapshot()))


def test_a_settled_bond() -> None:
    pair = BackToBack(links=1, a={"lacp_rate": "fast"})
    pair.run(5300)
    ours, theirs = (format_mac(world.bond.mac) for world in (pair.a, pair.b))
    assert text_of(pair.a).splitlines() == [
        "---- bond0 ----",
        "  status: active negotiated",
        f"  sys_id: {ours}",
        "  sys_priority: 65535",
        "  lacp_time: fast",
        f"  active aggregator: 1 (ports with link: 1, key 15, partner {theirs} key 15)",
        "",
        "slave: eth0: current attached",
        "  aggregator: 1",
        "  mux: distributing",
        "  periodic: fast periodic",
        "  carries traffic: yes",
        "",
        f"  actor sys_id: {ours}",
        "  actor sys_priority: 65535",
        "  actor port_id: 1",
        "  actor port_priority: 255",
        "  actor key: 15",
        f"  actor state: {IN_SYNC}",
        "  actor churn: monitoring (0)",
        "",
        f"  partner sys_id: {theirs}",
        "  partner sys_priority: 65535",
        "  partner port_id: 1",
        "  partner port_priority: 255",
        "  partner key: 15",
        f"  partner state: {IN_SYNC}",
        "  partner churn: monitoring (0)",
    ]


def test_nobody_answers() -> None:
    world = World("802.3ad", lacp_active="off", era_name="6.x")
    world.run(20_000)
    lines = text_of(world).splitlines()
    assert "  status: passive" in lines
    assert "  active aggregator: 1 (ports with link: 1, key 15, partner 00:00:00:00:00:00 key 1)" in lines
    assert [line for line in lines if line.startswith("slave: ")] == [
        "slave: eth0: defaulted attached",
        "slave: eth1: defaulted attached",
    ]
    assert [line for line in lines if "carries" in line] == [
        "  carries traffic: yes",
        "  carries traffic: no",
    ]


def test_no_link_and_half_duplex() -> None:
    world = World("802.3ad", slaves=0, era_name="6.x")
    world.machine.nics["eth0"].speed = Speed(100, "half")
    for name in ("eth0", "eth1"):
        world.enslave(name)
    world.run(500)
    assert "slave: eth0: LACP disabled detached" in text_of(world)
    for name in ("eth0", "eth1"):
        world.pull(name)
    world.run(500)
    assert "  active aggregator: none" in text_of(world)
    assert "slave: eth1: port disabled" in text_of(world)
