"""A million broken LACPDUs: none crashes a port, and one that is refused changes nothing."""

from __future__ import annotations

import random
from pathlib import Path

from bondimpl.lacp.pdu import decode_lacpdu
from tests.lacp.invariants import check_bookkeeping, check_traffic
from tests.lacp.scripted import Scripted

CORPUS = Path(__file__).parent.parent / "data" / "lacp"
MUTATIONS = 1_000_000
CHECK_EVERY = 1000


def seeds() -> list[bytes]:
    files = sorted(CORPUS.glob("*.hex"))
    return [bytes.fromhex(line) for path in files for line in path.read_text().split()]


def mutate(chance: random.Random, frame: bytes) -> bytes:
    """One to three octets changed; one in ten frames is also cut off somewhere."""
    broken = bytearray(frame)
    for _ in range(chance.randrange(1, 4)):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    return bytes(broken[: chance.randrange(len(broken))] if chance.random() < 0.1 else broken)


def test_a_million_mutated_lacpdus() -> None:
    chance = random.Random(8023)
    valid = seeds()
    bond = Scripted(2, fast=True)
    bond.converse("eth0", "eth1", ticks=60)
    port = bond.bond.ports["eth0"]
    refused = 0
    for number in range(MUTATIONS):
        frame = mutate(chance, valid[number % len(valid)])
        before = (port.actor, port.partner, port.receive, port.receive_timer, port.selected, port.mux)
        taken = bond.bond.received("eth0", frame)
        if decode_lacpdu(frame) is None:
            refused += 1
            after = (port.actor, port.partner, port.receive, port.receive_timer, port.selected, port.mux)
            assert before == after, frame.hex()
            assert not taken or frame[14] == 2, frame.hex()
        bond.sent.clear()
        if number % CHECK_EVERY == 0:
            bond.tick()
            check_bookkeeping(bond.bond)
            check_traffic(bond.bond)
    assert MUTATIONS // 20 < refused < MUTATIONS
    bond.converse("eth0", "eth1", ticks=60)
    assert bond.passing() == ["eth0", "eth1"]
