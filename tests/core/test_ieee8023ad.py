"""Mode 802.3ad on the bond: who carries, carrier, settings, refusals. LACP itself is tested in tests/lacp."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

import pytest

from bondimpl.errors import OptionError
from bondimpl.forwarding import Discard, Forwarder, Hashed
from bondimpl.frames import arp, ndisc
from bondimpl.frames.hashes import HashPolicy
from bondimpl.lacp.pdu import PortState, decode_lacpdu
from bondimpl.machine import HostAddress, Speed
from tests.core.back_to_back import BackToBack, carrying, summary
from tests.core.world import World, mac

FAST = {"lacp_rate": "fast"}
ERAS = ("howto", "6.x")


def settled(links: int = 2, era_name: str = "6.x", **options: str) -> BackToBack:
    pair = BackToBack(links=links, era_name=era_name, a={**FAST, **options})
    pair.until(pair.together, within_ms=4000)
    pair.run(1000)
    return pair


@pytest.mark.parametrize("era_name", ERAS)
def test_two_bonds_aggregate(era_name: str) -> None:
    pair = BackToBack(era_name=era_name, a=FAST)
    assert 2300 <= pair.until(pair.together, within_ms=4000) <= 2900
    pair.run(120_000)
    assert pair.together()


def test_slaves_that_join_a_bond_that_is_up_wait_for_the_selection_timer() -> None:
    pair = BackToBack(reopen=False, a=FAST)
    assert 7900 <= pair.until(pair.together, within_ms=9000) <= 8500


def test_the_story_of_a_link_is_the_real_drivers() -> None:
    """The states that 6.1 showed, polled every 20 ms while a link was pulled and plugged; times left out."""
    pair = settled()
    seen = []

    def watch(ms: int) -> None:
        for _ in range(ms // 10):
            pair.run(10)
            seen.append(summary(pair.a))

    pair.pull("eth0")
    watch(5000)
    pair.plug("eth0")
    watch(6000)
    story = (second for first, second in pairwise(["", *seen]) if first != second)
    for step in (
        "eth0:down agg1 key0 a63 p63",
        "eth0:up agg2 key15 a71 p0",
        "eth0:up agg2 key15 a199 p2",
        "eth0:up agg1 key15 a7 p7",
        "eth0:up agg1 key15 a15 p7",
        "eth0:up agg1 key15 a63 p63",
    ):
        assert f"{step}, eth1:up agg1 key15 a63 p63" in story  # after the step before: it is an iterator


def test_the_aggregate_carries_by_hash_and_the_rest_is_silent() -> None:
    pair = settled(links=3)
    assert pair.a.plan.transmit == Hashed(HashPolicy.LAYER2, ("eth0", "eth1", "eth2"))
    pair.swallow = lambda _sender, slave, _frame: slave == "eth1"
    pair.run(4000)
    assert pair.a.plan.transmit == Hashed(HashPolicy.LAYER2, ("eth0", "eth2"))
    assert carrying(pair.a) == ["eth0", "eth2"]
    assert "eth1" not in pair.a.leaves_by(100)


@pytest.mark.parametrize("era_name", ERAS)
def test_neighbours_are_looked_for_on_every_slave_that_carries(era_name: str) -> None:
    """Option broadcast_neighbor: ARP and neighbour discovery of the host, in a VLAN or not."""
    host, peer, six = mac(0), IPv4Address("10.0.0.2"), IPv6Address("fd00::1")
    looking = [
        arp.request(IPv4Address("10.0.0.1"), host, peer),
        arp.reply(IPv4Address("10.0.0.1"), host, peer, mac(0x80)),
        arp.gratuitous(peer, host, vlan=7),
        ndisc.solicitation(six, host, IPv6Address("fd00::2")),
        ndisc.solicitation(six, host, IPv6Address("fd00::2"), (7,)),
        ndisc.unsolicited(six, host),
    ]
    echo = ndisc.icmp(six, six, bytes([128, 0, 0, 0, 0, 1, 0, 1]))
    others = [mac(0x80) + host + b"\x86\xdd" + echo, mac(0x80) + host + b"\x08\x00" + bytes(46)]
    pair = settled(links=3, era_name=era_name)

    def ways(frames: list[bytes]) -> set[int]:
        return {len(Forwarder(pair.a.plan).targets(frame)) for frame in frames}

    assert ways(looking) == {1}
    pair.a.bond.set_option("broadcast_neighbor", "on")
    assert (ways(looking), ways(others)) == ({3}, {1})
    pair.swallow = lambda _sender, slave, _frame: slave == "eth1"
    pair.run(4000)
    assert Forwarder(pair.a.plan).targets(looking[0]) == ("eth0", "eth2")
    pair.a.bond.set_option("broadcast_neighbor", "off")
    assert ways(looking) == {1}


@pytest.mark.parametrize(("option", "rounds"), [("on", 2), ("off", 0)])
def test_neighbours_are_told_of_a_slave_that_carries_again(option: str, rounds: int) -> None:
    """With broadcast_neighbor, by all slaves that carry: num_grat_arp rounds, as after a failover."""
    pair = settled(links=3, era_name="howto", broadcast_neighbor=option, num_grat_arp="2")
    pair.a.machine.addresses = (HostAddress(IPv4Address("10.0.0.1")),)
    pair.pull("eth1")
    pair.run(1000)
    pair.a.machine.sent.clear()
    pair.plug("eth1")
    pair.until(pair.together, within_ms=10_000)
    pair.run(1000)
    announced = arp.gratuitous(IPv4Address("10.0.0.1"), pair.a.bond.mac)
    assert [slave for slave, frame in pair.a.machine.sent if frame == announced] == [
        "eth0",
        "eth1",
        "eth2",
    ] * rounds


def test_the_howtos_distribution_is_by_xor_of_addresses() -> None:
    """A lost member's peers move to its successor; the others stay where they were (D16, D17)."""
    pair = settled(links=3, era_name="howto")
    before = {last: pair.a.leaves_by(dst=mac(last)) for last in range(16)}
    own = pair.a.bond.mac[5]
    assert before == {last: [f"eth{(last ^ own) % 3}"] for last in range(16)}
    pair.pull("eth1")
    pair.run(150)
    after = {last: pair.a.leaves_by(dst=mac(last)) for last in range(16)}
    assert {last: slaves for last, slaves in before.items() if slaves != ["eth1"]}.items() <= after.items()
    assert all(slaves != ["eth1"] for slaves in after.values())


@pytest.mark.parametrize("era_name", ERAS)
def test_ports_of_another_speed_are_kept_apart(era_name: str) -> None:
    pair = BackToBack(links=4, era_name=era_name, a=FAST)
    for slave in ("eth2", "eth3"):
        pair.change_speed(slave, Speed(1000, "full"))
    pair.run(6000)
    assert carrying(pair.a) == carrying(pair.b) == ["eth0", "eth1"]
    status = pair.a.bond.snapshot().lacp
    assert status is not None
    numbers = [port.aggregator for port in status.ports.values()]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_a_half_duplex_port_is_in_no_group() -> None:
    pair = BackToBack(links=3, a=FAST)
    pair.change_speed("eth2", Speed(10_000, "half"))
    pair.run(6000)
    assert carrying(pair.a) == ["eth0", "eth1"]
    pair.a.machine.sent.clear()
    pair.run(1500)
    assert {slave for slave, _ in pair.a.machine.sent} == {"eth0", "eth1"}


def test_without_a_partner_one_slave_carries() -> None:
    world = World("802.3ad")
    world.run(100_000)
    assert carrying(world) == ["eth0"]
    assert world.machine.bond_carrier


def test_min_links_holds_the_carrier_back() -> None:
    pair = BackToBack(a={**FAST, "min_links": "2"}, b=FAST)
    pair.run(100)
    assert not pair.a.machine.bond_carrier
    pair.until(pair.together, within_ms=4000)
    assert pair.a.machine.bond_carrier
    pair.pull("eth1")
    pair.run(150)
    assert not pair.a.machine.bond_carrier
    assert pair.b.machine.bond_carrier
    pair.a.bond.set_option("min_links", "1")
    assert pair.a.machine.bond_carrier


def test_lacp_strict_wants_an_agreement() -> None:
    world = World("802.3ad", era_name="6.x", lacp_strict="on")
    world.run(10_000)
    assert not world.machine.bond_carrier
    pair = settled(lacp_strict="on")
    assert pair.a.machine.bond_carrier


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
