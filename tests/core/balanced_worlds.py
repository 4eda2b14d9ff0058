"""Worlds of balance-tlb and balance-alb, and what is seen of them on the cables."""

from __future__ import annotations

from typing import Any

from bondimpl.frames import arp as arp_frames
from bondimpl.frames.learning import ETHERTYPE_LOOP, ETHERTYPE_LOOPBACK
from tests.core.packets import NOBODY, arp, ipv4
from tests.core.world import World, mac

PEERS = range(0x80, 0x88)


def tlb(era_name: str = "howto", **settings: Any) -> World:
    return World("balance-tlb", era_name=era_name, **{"slaves": 3, **settings})


def ports(world: World, frames: list[bytes] | None = None) -> list[int]:
    """The numbers of the slaves by which eight peers' frames leave; a foreign source is an error."""
    numbers = []
    for frame in frames or [ipv4(peer) for peer in PEERS]:
        ((slave, left),) = world.send(frame)
        source = mac(0) if slave == world.active else world.machine.nics[slave].mac
        assert left == frame[:6] + source + frame[12:]
        numbers.append(int(slave[3:]))
    return numbers


_LEARNING = (ETHERTYPE_LOOP.to_bytes(2, "big"), ETHERTYPE_LOOPBACK.to_bytes(2, "big"))


def alb(era_name: str = "6.x", **settings: Any) -> World:
    world = World("balance-alb", era_name=era_name, **{"slaves": 3, **settings})
    world.run(350)
    world.machine.sent.clear()
    return world


def answer(world: World, *peers: int) -> None:
    """The host answers ARP requests of these peers (10.0.0.N at 02:00:00:00:00:8N)."""
    for peer in peers:
        world.send(arp(2, 1, peer, world.bond.mac, mac(0x80 + peer), mac(0x80 + peer)))


def ask(world: World, peer: int) -> list[tuple[str, bytes]]:
    """The host asks for a peer: the request as it left."""
    world.machine.sent.clear()
    left = world.send(arp(1, 1, peer, world.bond.mac, NOBODY)) or world.machine.sent[:]
    world.machine.sent.clear()
    return left


def told(world: World) -> list[tuple[int, int, int]]:
    """(slave, peer, address it is told) of each ARP reply since the last call; learning packets go by."""
    replies = []
    for slave, frame in world.machine.sent:
        if frame[12:14] in _LEARNING:
            continue
        packet = arp_frames.decode(frame)
        assert packet is not None
        assert packet.operation == arp_frames.REPLY
        assert packet.sender_mac == frame[6:12]
        assert packet.target_mac == frame[:6]
        replies.append((int(slave[3:]), packet.target.packed[3], packet.sender_mac[5]))
    world.machine.sent.clear()
    return replies


def learned(world: World) -> list[tuple[int, int]]:
    """(slave, address) of each learning packet since the last call."""
    return [(int(s[3:]), f[5]) for s, f in world.machine.sent if f[12:14] in _LEARNING]
