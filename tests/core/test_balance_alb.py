"""balance-alb: which slave a peer is told to send to (HOWTO section 2, `mode`)."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from bondimpl.errors import MachineError, SlaveError
from bondimpl.forwarding import Accept
from bondimpl.frames import arp as arp_frames
from bondimpl.frames.ethernet import BROADCAST
from bondimpl.machine import Speed
from tests.core.balanced_worlds import alb, answer, ask, learned, told
from tests.core.packets import NOBODY, arp, ipv4, tagged
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


@BOTH
def test_peers_are_dealt_out_in_turn(era_name: str) -> None:
    world = alb(era_name, slaves=4)
    answer(world, *range(1, 9))
    assert told(world) == [((p - 1) % 4, p, (p - 1) % 4) for p in range(1, 9)]
    answer(world, 3, 7, 5)
    assert told(world) == [(2, 3, 2), (2, 7, 2), (0, 5, 0)], "and stay where they are"


def test_only_the_fastest_slaves_are_dealt_out() -> None:
    world = World("balance-alb", slaves=0, era_name="6.x")
    for name, speed in (("eth0", 100), ("eth1", 1000), ("eth2", None), ("eth3", 1000)):
        world.machine.nics[name].speed = Speed(speed, "full" if speed else None)
        world.enslave(name)
    world.run(350)
    world.machine.sent.clear()
    answer(world, 1, 2, 3, 4)
    assert [slave for slave, _, _ in told(world)] == [1, 3, 1, 3]


@BOTH
def test_a_client_is_told_again_shortly_after(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1, 2)
    told(world)
    world.run(100)
    assert told(world) == [(1, 2, 1), (1, 2, 1), (0, 1, 0), (0, 1, 0)]
    world.run(10_000)
    assert told(world) == []


def test_todays_request_leaves_by_the_clients_slave_under_the_bonds_address() -> None:
    world = alb("6.x")
    answer(world, 1)
    ((slave, frame),) = ask(world, 9)
    assert (slave, frame[:6], frame[6:12]) == ("eth1", BROADCAST, mac(1))
    packet = arp_frames.decode(frame)
    assert packet is not None
    assert packet.sender_mac == mac(0)


def test_the_howtos_request_leaves_by_the_active_slave() -> None:
    world = alb("howto")
    answer(world, 1)
    request = arp(1, 1, 9, mac(0), NOBODY)
    assert world.send(request) == [("eth0", request)]


@BOTH
def test_a_request_misleads_all_and_is_put_right_two_seconds_later(era_name: str) -> None:
    """As the real driver did: all but those of the active slave, and the one who has answered."""
    world = alb(era_name)
    answer(world, 1, 2, 3)
    world.run(3500)
    told(world)
    ask(world, 9)
    world.machine.sent.clear()
    world.run(200)
    assert world.hear("eth1", arp(2, 9, 1, mac(0xA0), mac(0), mac(0))) is not None, "the host gets it, too"
    world.run(1700)
    assert told(world) == []
    world.run(200)
    assert told(world) == [(s, p, s) for s, p in ((0, 9), (2, 3), (1, 2)) for _ in range(2)]
    world.run(5000)
    assert told(world) == []


@BOTH
def test_each_request_puts_the_updates_off(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1, 2, 3)
    world.run(3500)
    ask(world, 9)
    world.run(1500)
    ask(world, 9)
    world.run(1900)
    assert told(world) == []
    world.run(300)
    assert told(world) != []


@BOTH
@pytest.mark.parametrize(("said", "known"), [(mac(0x92), 0x92), (BROADCAST, 0x82)])
def test_the_clients_address_is_the_last_one_that_was_said(era_name: str, said: bytes, known: int) -> None:
    world = alb(era_name)
    answer(world, 2)
    world.run(3500)
    world.send(arp(2, 1, 2, mac(0), said, said))
    world.bond.set_mac(mac(0x77))
    world.machine.sent.clear()
    world.run(3000)
    assert {frame[5] for _, frame in world.machine.sent if frame[12:14] == b"\x08\x06"} == {known}


@BOTH
def test_a_client_that_takes_anothers_place(era_name: str) -> None:
    """10.0.0.1 and 10.1.0.0 fall on the same place of the table."""
    world = alb(era_name)
    answer(world, 7, 2)
    world.run(200)
    told(world)
    rival = arp(2, 1, 1, mac(0), mac(0x99), mac(0x99))
    rival = rival[:38] + bytes([10, 2, 0, 0]) + rival[42:]
    world.send(rival)
    replies = told(world)
    assert replies[:2] == [(0, 2, 0), (0, 2, 0)], "the old one goes to the active slave"
    assert replies[2:] == [(2, 0, 2)]


@BOTH
def test_arp_of_others_is_left_alone(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1)
    told(world)
    guest = arp(2, 5, 6, mac(0x66), mac(0x99), mac(0x99))
    assert world.send(guest) == [("eth0", guest)]
    reverse = arp(4, 1, 6, mac(0), mac(0x99), mac(0x99))
    assert world.send(reverse) == [("eth0", reverse)]


@BOTH
def test_arp_of_a_bridge_over_the_bond_is_left_alone(era_name: str) -> None:
    """Measured: although it has the bond's hardware address, it leaves by the active slave as it is."""
    world = alb(era_name)
    world.machine.bridged = {IPv4Address("10.0.0.1")}
    for peer in (1, 2, 3):
        for frame in (
            arp(1, 1, peer, world.bond.mac, NOBODY),
            arp(2, 1, peer, world.bond.mac, mac(0x80 + peer), mac(0x80 + peer)),
        ):
            assert world.send(frame) == [("eth0", frame)]
    world.machine.bridged.clear()
    answer(world, 1, 2)
    assert told(world) == [(0, 1, 0), (1, 2, 1)]


@BOTH
def test_an_address_that_another_host_uses_is_not_claimed_any_more(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1, 2, 3)
    world.run(3000)
    told(world)
    ask(world, 9)
    world.hear("eth1", arp(1, 1, 7, mac(0xBB), NOBODY))
    world.machine.sent.clear()
    world.run(5000)
    assert told(world) == []


@BOTH
def test_its_own_arp_flooded_back_changes_nothing(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1, 2, 3)
    world.hear("eth0", arp(2, 1, 2, mac(1), mac(0x82), mac(0x82)))
    told(world)
    answer(world, 2)
    assert told(world) == [(1, 2, 1)]


@BOTH
def test_clients_in_a_vlan_are_told_there(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 7)
    world.send(tagged(arp(2, 1, 2, mac(0), mac(0x82), mac(0x82)), 7))
    slave, frame = world.machine.sent[-1]
    assert (slave, frame[6:12], frame[12:18].hex()) == ("eth1", mac(1), "810000070806")
    assert frame[26:32] == mac(1)
    world.machine.sent.clear()
    world.run(100)
    assert [f[12:18].hex() for s, f in world.machine.sent if s == "eth1"] == ["810000070806"] * 2


# ---- what is heard


@BOTH
def test_inactive_slaves_hear_unicast_only(era_name: str) -> None:
    world = alb(era_name)
    assert dict(world.plan.accept) == {
        "eth0": Accept.EVERYTHING,
        "eth1": Accept.UNICAST,
        "eth2": Accept.UNICAST,
    }


@BOTH
def test_what_is_sent_to_a_slaves_own_address_is_the_hosts(era_name: str) -> None:
    """Of the real driver the host's stack takes these, and those for the address of another it does not."""
    world = alb(era_name)
    for slave, dst, seen in (("eth0", 0, 0), ("eth1", 1, 0), ("eth2", 2, 0), ("eth0", 1, 1), ("eth1", 0, 0)):
        delivered = world.hear(slave, ipv4(9, dst=mac(dst)))
        assert delivered is not None
        assert delivered[:6] == mac(seen)
    assert world.hear("eth1", ipv4(9, dst=BROADCAST)) is None


# ---- addresses


def test_a_driver_that_allows_no_change_while_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("balance-alb", slaves=1)
    set_mac = world.machine.set_slave_mac

    def refuse_while_up(slave: str, address: bytes) -> None:
        if world.machine.nics[slave].up and world.machine.nics[slave].mac != address:
            raise MachineError("busy", "EBUSY")
        set_mac(slave, address)

    monkeypatch.setattr(world.machine, "set_slave_mac", refuse_while_up)
    with pytest.raises(SlaveError, match="address be changed while the interface is up") as refusal:
        world.enslave("eth1")
    assert refusal.value.errno == "EOPNOTSUPP"
    nic = world.machine.nics["eth1"]
    assert (nic.mac, nic.up, nic.attached) == (mac(1), False, False)
    assert list(world.bond.slaves) == ["eth0"]
    tlb = World("balance-tlb", slaves=1)
    monkeypatch.setattr(tlb.machine, "set_slave_mac", refuse_while_up)
    tlb.enslave("eth1")


@BOTH
@pytest.mark.parametrize("dynamic", ["on", "off"])
def test_learning_packets_whatever_the_balance(era_name: str, dynamic: str) -> None:
    world = World("balance-alb", slaves=2, era_name=era_name, tlb_dynamic_lb=dynamic)
    world.machine.sent.clear()
    world.run(1000)
    assert set(learned(world)) == {(0, 0), (1, 1)}
