"""Super-frames pass a bond whole, checksums due."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import threading

import pytest

from tests.runtime.lab import Daemon, Lab
from tests.runtime.reach import HOST, HOST6, PEER, PEER6

pytestmark = pytest.mark.root


def _transfer(lab: Lab, family: socket.AddressFamily, server_at_peer: bool, address: str) -> None:
    """Sixteen million random bytes arrive unharmed."""
    data = os.urandom(1 << 24)

    def listen() -> socket.socket:
        return socket.create_server((address, 5000), family=family)

    def connect() -> socket.socket:
        return socket.create_connection((address, 5000), timeout=10)

    with lab.at_peer(listen) if server_at_peer else listen() as server:
        client = connect() if server_at_peer else lab.at_peer(connect)
        receiver, _ = server.accept()
        receiver.settimeout(10)
        with client, receiver:

            def send() -> None:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            digest = hashlib.sha256()
            while part := receiver.recv(1 << 20):
                digest.update(part)
            sender.join()
    assert digest.digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("outwards", [True, False])
def test_tcp_arrives_unharmed_in_super_frames(
    lab: Lab, bond: Daemon, family: socket.AddressFamily, outwards: bool
) -> None:
    addresses = {(socket.AF_INET, True): PEER, (socket.AF_INET, False): HOST}
    addresses |= {(socket.AF_INET6, True): PEER6, (socket.AF_INET6, False): HOST6}
    _transfer(lab, family, outwards, addresses[family, outwards])
    moved = bond.show()["counters"]["eth0"]
    way = "tx" if outwards else "rx"
    assert moved[f"{way}_bytes"] >= 1 << 24
    assert moved[f"{way}_bytes"] / moved[f"{way}_packets"] > 5000
    assert moved["tx_dropped"] == moved["rx_dropped"] == 0


_SOL_PACKET, _VNET_HEADER = 263, 15


_TAG = b"\x81\0\0\x64"


def _super_frame() -> tuple[bytes, bytes, bytes]:
    """(virtio header, addresses, rest) of 5000 bytes of TCP that are to be cut into segments of 1448."""
    addresses = bytes.fromhex("020000000102020000000201")
    ip_header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 5040, 1, 0x4000, 64, 6, 0, bytes(4), bytes(4))
    tcp_header = struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 5 << 4, 0x10, 512, 0, 0)
    # Checksum to be filled in at TCP + 16, which starts after 14 + 20 bytes.
    header = struct.pack("=BBHHHH", 1, 1, 54, 1448, 34, 16)
    return header, addresses, b"\x08\0" + ip_header + tcp_header + bytes(range(250)) * 20


@pytest.mark.parametrize("outwards", [True, False])
def test_super_frame_in_a_vlan_keeps_its_header(lab: Lab, bond: Daemon, outwards: bool) -> None:
    """Steps: a tagged super-frame of TCP through the bond. Verify: not cut, checksum due at its place."""
    wire, device = lab.listen("port0"), lab.listen_here("bond0")
    for end in (wire, device):
        end.socket.setsockopt(_SOL_PACKET, _VNET_HEADER, 1)
    source, sink = (device, wire) if outwards else (wire, device)
    header, addresses, rest = _super_frame()
    moved = struct.pack("=BBHHHH", 1, 1, 58, 1448, 38, 16)
    source.send(moved + addresses + _TAG + rest)
    sink.socket.settimeout(5)
    while True:
        frame, extras, _, _ = sink.socket.recvmsg(1 << 17, 64)
        if frame[10:22] == addresses:
            break
    assert int.from_bytes(extras[0][2][:4], "little") & 0x10
    assert extras[0][2][16:18] == b"\x64\0"
    assert frame[22:] == rest
    assert (frame[:2], frame[4:10]) == (header[:2], header[4:10])
