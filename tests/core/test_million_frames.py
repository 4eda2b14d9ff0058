"""A million broken frames of ARP, neighbour discovery and IGMP, tagged or not: none passes for a good one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import astuple
from ipaddress import IPv4Address, IPv6Address

from bondimpl.forwarding import Balanced, Forwarder, ForwardingPlan, Hashed
from bondimpl.frames import arp, ethernet, flow, igmp, mld, ndisc
from bondimpl.frames.balanced import Eligible
from bondimpl.frames.hashes import HashPolicy
from bondimpl.monitors.arp_validate import Situation, proved_by, read
from bondimpl.runtime import groups
from bondimpl.slave import Link
from tests.core.arp_network import OWN, OWN_6, PEER, PEER_6, ArpNetwork, advertisement
from tests.core.world import World, mac

TO_THE_MONITOR, TO_BALANCE_ALB, TO_THE_PLAN, LISTS = 200_000, 100_000, 600_000, 100_000

HOST = mac(0)
ANSWERS = [
    arp.reply(PEER, mac(0x80), OWN, HOST),
    arp.reply(PEER, mac(0x80), OWN, HOST, vlan=7),
    arp.request(PEER, mac(0x80), OWN),
    advertisement(PEER_6, mac(0x80), OWN_6, HOST),
    ndisc.unsolicited(PEER_6, mac(0x80), vlan=7),
]
OTHERS = [
    arp.request(OWN, HOST, PEER, (7, 9)),
    ndisc.solicitation(OWN_6, HOST, PEER_6),
    ndisc.solicitation(OWN_6, HOST, PEER_6, (7,)),
    igmp.report(2, IPv4Address("239.1.2.3"), source=OWN, mac=HOST),
    igmp.report(3, IPv4Address("239.1.2.3"), source=OWN, mac=HOST, vlan=7),
    *mld.reports(2, [IPv6Address("ff05::1:3")], source=OWN_6, mac=HOST),
    ethernet.build(mac(0x80), HOST, 0x0800, bytes.fromhex("45000028000000004006") + bytes(36)),
    ethernet.build(mac(0x80), HOST, 0x86DD, bytes.fromhex("6000000000142f40") + bytes(60), vlan=7),
]  # fmt: skip


def mutants(seed: int, valid: list[bytes], count: int) -> Iterator[bytes]:
    """One to three octets changed; one in ten frames is also cut off somewhere behind its EtherType."""
    chance = random.Random(seed)
    pick, some = chance.random, chance.randrange
    for number in range(count):
        broken = bytearray(valid[number % len(valid)])
        size = len(broken)
        for _ in range(1 + int(pick() * 3)):
            broken[int(pick() * size)] = int(pick() * 256)
        yield bytes(broken[: some(14, size)]) if pick() < 0.1 else bytes(broken)


def behind_tag(frame: bytes) -> tuple[bytes, bytes]:
    """EtherType and payload, written anew: no code is shared with what is tested."""
    at = 16 if frame[12:14] == b"\x81\x00" and len(frame) >= 18 else 12
    return frame[at : at + 2], frame[at + 2 :]


def is_arp(frame: bytes) -> bool:
    kind, said = behind_tag(frame)
    return kind == b"\x08\x06" and len(said) >= 28 and said[:6] == bytes.fromhex("000108000604")


def comes_from_a_target(frame: bytes) -> bool:
    kind, said = behind_tag(frame)
    if is_arp(frame):
        return (said[14:18], said[24:28]) == (PEER.packed, OWN.packed)
    if kind == b"\x86\xdd" and len(said) >= 48 and said[6] == 58 and said[40] in (135, 136):
        to = (OWN_6.packed, IPv6Address("ff02::1").packed)
        return said[8:24] == PEER_6.packed and said[24:40] in to
    return False


def test_what_proves_a_slave_to_the_arp_monitor() -> None:
    """Of mutated answers those prove a slave that still come from a target, whatever else is broken."""
    network = ArpNetwork("active-backup", slaves=1, targets=(PEER, PEER_6), arp_validate="all")
    network.peers.clear()
    network.run(3000)
    assert network.world.link("eth0") is not Link.UP
    situation = Situation((PEER, PEER_6), (OWN, OWN_6), enabled=True, leader_proved=False, asked=False)
    good = 0
    for frame in mutants(826, ANSWERS + OTHERS[:3], TO_THE_MONITOR):
        word = read(frame)
        proved = word is not None and proved_by(word, situation) is not None
        assert proved == comes_from_a_target(frame), frame.hex()
        good += proved
        if not proved:
            assert network.world.bond.frame_from_slave("eth0", frame) is False
    assert TO_THE_MONITOR // 20 < good < TO_THE_MONITOR
    network.run(400)
    assert network.world.link("eth0") is not Link.UP, "nothing of all this was an answer"
    network.peers |= {PEER: mac(0x80), PEER_6: mac(0x81)}
    network.run(1000)
    assert network.links() == ["up"]


def test_the_clients_of_balance_alb() -> None:
    """ARP of the host and of peers: what is broken is forwarded as it is and leaves no trace."""
    world = World("balance-alb", slaves=3, era_name="6.x")
    world.run(350)
    asked = [arp.request(OWN, HOST, PEER), arp.request(OWN, HOST, PEER, (7,))]
    answered = [arp.reply(OWN, HOST, PEER, mac(0x80)), arp.reply(OWN, HOST, PEER, mac(0x80), vlan=7)]
    clients = world.bond._links.rule._receive.clients  # type: ignore[attr-defined]
    broken = list(mutants(827, asked + answered + ANSWERS[:3], TO_BALANCE_ALB))
    for start in range(0, TO_BALANCE_ALB, 1000):
        block = broken[start : start + 1000]
        for frame in filter(is_arp, block):
            world.hear("eth1", frame)
            world.send(frame)
        before = [astuple(client)[:4] for client in clients]
        for frame in block:
            if not is_arp(frame):
                world.hear("eth1", frame)
                assert len(world.send(frame)) == 1, frame.hex()
        assert before == [astuple(client)[:4] for client in clients]
        world.run(100)
        world.machine.sent.clear()
    everyone = list(clients)
    assert 0 < len(everyone) <= 256
    assert all(client.slave in world.bond.slaves.values() for client in everyone)
    assert len({client.address for client in everyone}) == len(everyone)


def test_where_frames_leave() -> None:
    """Every policy finds every frame a slave of its table, and only ARP and discovery go to all."""
    names = ("eth0", "eth1", "eth2")
    hashes = [Forwarder(ForwardingPlan(Hashed(policy, names))) for policy in HashPolicy]
    balances = [
        Forwarder(ForwardingPlan(Balanced("eth1", which, HashPolicy.DESTINATION, names)))
        for which in Eligible
    ]
    to_all = Forwarder(ForwardingPlan(Hashed(HashPolicy.LAYER2, names, names)))
    forwarders = hashes + balances
    for number, frame in enumerate(mutants(828, ANSWERS + OTHERS, TO_THE_PLAN)):
        (slave,) = forwarders[number % len(forwarders)].targets(frame)
        assert slave in names
        kind, said = behind_tag(frame)
        looks = kind == b"\x08\x06" or (
            kind == b"\x86\xdd" and len(said) >= 48 and said[6] == 58 and said[40] in (135, 136)
        )
        assert (to_all.targets(frame) == names) == looks, frame.hex()
        link = flow.link(frame)
        assert link.offset <= len(frame)
        assert 0 <= link.vlan < 4096


def test_lists_of_groups() -> None:
    """What /proc says of groups, with characters changed: nothing but groups and addresses comes of it."""
    four = (
        b"12\tbond0     :     2      V2\n\t\t\t\t030281EF     1 0:00000000\t\t1\n"
        b"\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    )
    six = b"4    bond0           ff050000000000000000000000010003     1 00000006 0\n" * 2
    for number, text in enumerate(mutants(829, [four, six], LISTS)):
        said = text.decode("latin-1")
        if number % 2:
            assert all(
                isinstance(each, IPv6Address) for found in groups.parse_ipv6(said).values() for each in found
            )
        else:
            assert all(1 <= version <= 3 for version, _ in groups.parse(said).values())
