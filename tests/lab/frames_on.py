"""Raw frames sent from and heard on the NICs of a testbed."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from lab.hosts.base import Host

TEST_TYPE = 0x88B5  # IEEE 802: local experimental
ARP_REQUEST, ARP_REPLY = 1, 2
QUIET_S = 0.05
LOST_AFTER_S = 2.0


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def probe(number: int, source: str, target: str = "ff:ff:ff:ff:ff:ff") -> bytes:
    """A frame that carries its number."""
    head = mac_bytes(target) + mac_bytes(source) + struct.pack("!H", TEST_TYPE)
    return head + struct.pack("!I", number) + bytes(42)


def ip_probe(number: int, source: str, target: str) -> bytes:
    """An IPv4 frame that carries its number in its source address too, and again behind the header."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, 0, 0, 64, 253, 0, struct.pack("!I", number), bytes(4))
    return (
        mac_bytes(target) + mac_bytes(source) + b"\x08\x00" + header + struct.pack("!I", number) + bytes(22)
    )


def arp(operation: int, number: int, *, vlan: int | None = None) -> bytes:
    """An ARP frame with its number as the sender's IP address."""
    source = bytes.fromhex("020000000001")
    body = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, source, struct.pack("!I", number), source, bytes(4)
    )
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return b"\xff" * 6 + source + tag + b"\x08\x06" + body + bytes(18)


def number_of(frame: bytes) -> int | None:
    """The number that a frame of this module carries."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    offset = {TEST_TYPE: 14, 0x0800: 34, 0x0806: 28}.get(kind)
    return None if offset is None else int(struct.unpack_from("!I", frame, offset)[0])


@contextmanager
def ear(host: Host, nic: str) -> Iterator[socket.socket]:
    """A socket that hears everything that arrives at a NIC."""
    sock = host.packet_socket(nic)
    sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
    sock.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
    with sock:
        yield sock


def send(host: Host, nic: str, frames: Iterable[bytes]) -> None:
    """Send frames from a NIC."""
    with host.packet_socket(nic, 0) as sock:
        for frame in frames:
            sock.send(frame)


def heard_by(ears: Mapping[str, socket.socket], expected: int) -> dict[str, Counter[int]]:
    """How often each ear heard each number, once `expected` frames came in all and all is quiet."""
    numbers: dict[str, Counter[int]] = {name: Counter() for name in ears}
    names = {sock: name for name, sock in ears.items()}
    deadline = time.monotonic() + LOST_AFTER_S
    while True:
        enough = sum(n.total() for n in numbers.values()) >= expected or time.monotonic() > deadline
        ready, _, _ = select.select(names, (), (), QUIET_S)
        if not ready and enough:
            return numbers
        for sock in ready:
            number = number_of(sock.recv(4096))
            if number is not None:
                numbers[names[sock]][number] += 1


def heard(ears: Iterable[socket.socket], expected: int) -> Counter[int]:
    """How often each number was heard by all the ears together."""
    by_ear = heard_by({str(place): sock for place, sock in enumerate(ears)}, expected)
    return sum(by_ear.values(), Counter())


def deliver(
    sender: tuple[Host, str], receiver: tuple[Host, str], frames: list[bytes], expected: int
) -> Counter[int]:
    """What of `frames` comes from one NIC to the other."""
    with ear(*receiver) as sock:
        send(*sender, frames)
        return heard([sock], expected)
