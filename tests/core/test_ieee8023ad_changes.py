"""Mode 802.3ad on the bond: settings, slaves that leave or change, refusals."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bondimpl.errors import OptionError
from bondimpl.forwarding import Discard
from bondimpl.lacp.pdu import PortState, decode_lacpdu
from bondimpl.machine import Speed
from tests.core.back_to_back import FAST, BackToBack, carrying, settled
from tests.core.world import World, mac

ERAS = ("howto", "6.x")


@pytest.mark.parametrize("era_name", ERAS)
def test_no_link_no_carrier(era_name: str) -> None:
    pair = settled(era_name=era_name)
    for slave in ("eth0", "eth1"):
        pair.pull(slave)
    pair.run(300)
    assert not pair.a.machine.bond_carrier
    assert pair.a.plan.transmit == Discard()
    pair.plug("eth1")
    pair.run(300)
    assert pair.a.machine.bond_carrier


def test_farewell_on_release_and_silence_when_brought_down() -> None:
    pair = settled()
    pair.a.bond.close()
    pair.a.machine.sent.clear()
    pair.run(5000)
    assert pair.a.machine.sent == []
    pair.a.bond.open()
    pair.run(5000)
    pair.a.machine.sent.clear()
    pair.a.bond.release("eth1")
    (slave, frame) = pair.a.machine.sent[0]
    farewell = decode_lacpdu(frame)
    assert slave == "eth1"
    assert farewell is not None
    assert farewell.actor.state == PortState.ACTIVITY | PortState.TIMEOUT
    assert frame[6:12] == pair.a.machine.nics["eth1"].mac  # the port's own address, not the bond's


def test_settings_on_the_fly_reach_the_partner() -> None:
    pair = settled()
    pair.a.bond.set_options({"ad_actor_sys_prio": "4000", "ad_actor_system": "02:aa:bb:cc:dd:ee"})
    pair.a.bond.set_slave_option("eth1", "actor_port_prio", "7")
    pair.run(6000)
    assert pair.together()
    status = pair.b.bond.snapshot().lacp
    assert status is not None
    seen = status.ports["eth1"].partner
    assert (seen.system_priority, seen.system.hex(), seen.port_priority) == (4000, "02aabbccddee", 7)


def test_settings_that_need_the_bond_down() -> None:
    pair = settled()
    for name, value in (("lacp_rate", "slow"), ("ad_user_port_key", "100"), ("ad_select", "count")):
        with pytest.raises(OptionError) as refusal:
            pair.a.bond.set_option(name, value)
        assert refusal.value.errno == "EBUSY"
    pair.a.bond.close()
    pair.a.bond.set_options({"lacp_rate": "slow", "ad_user_port_key": "100"})
    pair.a.bond.open()
    pair.run(10_000)
    assert pair.together()
    status = pair.b.bond.snapshot().lacp
    assert status is not None
    assert status.ports["eth0"].partner.key == 100 << 6 | 15
    assert not status.ports["eth0"].partner.state & PortState.TIMEOUT


def test_the_systems_address_outlives_a_change_of_the_bonds() -> None:
    pair = settled()
    before = pair.a.bond.snapshot().lacp
    pair.a.bond.set_mac(mac(0x77))
    pair.run(3000)
    after = pair.a.bond.snapshot().lacp
    assert before is not None
    assert after is not None
    assert before.system == after.system
    assert pair.together()


@pytest.mark.parametrize(("era_name", "used"), [("howto", True), ("6.x", False)])
def test_a_slave_that_does_not_tell_its_speed(era_name: str, used: bool) -> None:
    """The driver of the HOWTO takes it for 100 Mbit/s, today's keeps it down (D29)."""
    world = World("802.3ad", slaves=1, era_name=era_name)
    world.machine.nics["eth1"].speed = Speed()
    world.enslave("eth1")
    world.run(1000)
    assert world.lost("eth1") is not used
    assert carrying(world) == ["eth0"]
    status = world.bond.snapshot().lacp
    assert status is not None
    assert status.ports["eth0"].actor.key == 15
    assert status.ports["eth1"].actor.key == (7 if used else 0)
    assert any("speed" in line and "eth1" in line for line in world.log())


@pytest.mark.parametrize("era_name", ERAS)
def test_it_has_no_arp_monitor(era_name: str) -> None:
    world = World("802.3ad", era_name=era_name)
    with pytest.raises(OptionError) as refusal:
        world.bond.set_option("arp_interval", "200")
    assert refusal.value.errno == "EACCES"
    assert world.bond.options.miimon == 100


def test_lacpdus_and_markers_end_here_and_other_slow_protocols_do_not() -> None:
    pair = settled()
    slow = bytes.fromhex("0180c2000002") + mac(1) + b"\x88\x09"
    lacpdu = pair.a.machine.sent[-1][1]
    marker = slow + bytes.fromhex("020101160001") + bytes(104)
    assert pair.a.bond.frame_from_slave("eth0", lacpdu)
    assert pair.a.bond.frame_from_slave("eth0", marker)
    assert pair.a.machine.sent[-1][1][:18] == slow[:6] + pair.a.machine.nics["eth0"].mac + bytes.fromhex(
        "88090201" + "0216"
    )
    assert not pair.a.bond.frame_from_slave("eth0", slow + b"\x03" + bytes(109))


@pytest.mark.parametrize("era_name", ERAS)
def test_a_slave_that_stops_telling_its_speed(era_name: str) -> None:
    """Today's driver takes it out, the HOWTO's goes on with what it assumes."""
    world = World("802.3ad", slaves=1, era_name=era_name)
    world.run(500)
    world.machine.nics["eth0"].speed = Speed()
    world.bond.slave_changed("eth0")
    world.run(500)
    assert world.lost("eth0") is (era_name == "6.x")
    world.machine.nics["eth0"].speed = Speed(10_000, "full")
    world.run(500)
    assert not world.lost("eth0")


def test_downdelay_outlasts_a_device_that_forgets_its_speed_without_link() -> None:
    pair = BackToBack(era_name="howto", a={**FAST, "downdelay": "1000"})
    pair.until(pair.together, within_ms=4000)
    speed = pair.a.machine.nics["eth0"].speed
    pair.a.pull("eth0")
    pair.a.machine.nics["eth0"].speed = Speed()
    pair.run(800)
    assert carrying(pair.a) == ["eth0", "eth1"]
    pair.a.plug("eth0")
    pair.a.machine.nics["eth0"].speed = speed
    pair.run(300)
    assert carrying(pair.a) == ["eth0", "eth1"]


@pytest.mark.parametrize("era_name", ERAS)
def test_the_published_plan_is_never_stale(era_name: str) -> None:
    pair = BackToBack(links=3, era_name=era_name, a=FAST)

    def watch(duration_ms: int) -> None:
        for _ in range(duration_ms // 10):
            pair.run(10)
            for world in (pair.a, pair.b):
                assert world.plan.transmit == world.bond._links.rule.transmit()

    watch(3000)
    pair.pull("eth1")
    watch(1000)
    pair.plug("eth1")
    watch(3000)
    pair.swallow = lambda _sender, slave, _frame: slave == "eth2"
    watch(7000)
    pair.swallow = lambda *_: False
    watch(4000)


def test_aggregator_numbers_begin_anew_with_the_first_slave() -> None:
    world = World("802.3ad", era_name="6.x")
    for name in ("eth0", "eth1"):
        world.bond.release(name)
    world.enslave("eth0")
    world.run(300)
    status = world.bond.snapshot().lacp
    assert status is not None
    assert status.ports["eth0"].aggregator == 1


def test_two_passive_ends_flap() -> None:
    """At the fast rate: the real driver was out for 0.45 s every 3.6 s, with ticks a tenth too long.

    Here both ends tick at the same moment, which makes the outage as short as it can be.
    """
    pair = BackToBack(a={**FAST, "lacp_active": "off"})
    pair.until(pair.together, within_ms=4000)
    was, changes = True, []
    for ms in range(0, 20_000, 10):
        pair.run(10)
        if (now := pair.together()) != was:
            was = now
            changes.append(ms)
    outs = [back - out for out, back in zip(changes[::2], changes[1::2], strict=False)]
    periods = [later - earlier for earlier, later in pairwise(changes[::2])]
    assert len(outs) >= 4
    assert all(50 <= out <= 900 for out in outs)
    assert all(3000 <= period <= 4200 for period in periods)


def test_a_port_that_collects_hears_before_it_sends() -> None:
    """With coupled_control off; here because the partner's word that it collects is lost."""
    pair = BackToBack(a={**FAST, "coupled_control": "off"}, b=FAST)

    def in_sync(frame: bytes) -> bool:
        pdu = decode_lacpdu(frame)
        return pdu is not None and PortState.COLLECTING not in pdu.actor.state

    pair.swallow = lambda sender, _slave, frame: sender is pair.b and not in_sync(frame)
    pair.until(lambda: summary_of_mux(pair) == ["collecting", "collecting"], within_ms=4000)
    assert carrying(pair.a) == ["eth0", "eth1"]
    assert pair.a.plan.transmit == Discard()
    pair.swallow = lambda *_: False
    pair.until(lambda: summary_of_mux(pair) == ["distributing", "distributing"], within_ms=2000)
    assert pair.a.plan.transmit != Discard()


def summary_of_mux(pair: BackToBack) -> list[str]:
    status = pair.a.bond.snapshot().lacp
    assert status is not None
    return [port.mux for port in status.ports.values()]
