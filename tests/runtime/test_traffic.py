"""What a bond carries."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import struct
import threading
import time

import pytest

from bondimpl.forwarding import Forwarder, ForwardingPlan, Hashed, Replicate, RoundRobin, Transmit
from bondimpl.frames.hashes import HashPolicy
from tests.runtime.lab import Daemon, Lab, eventually, ip, link, run, state

pytestmark = pytest.mark.root

HOST, PEER = "10.77.0.1", "10.77.0.2"
HOST6, PEER6 = "fd77::1", "fd77::2"
TEST_TYPE = b"\x88\xb5"  # IEEE: local experimental
UDP_LIKE = bytes(46)


@pytest.fixture
def bond(lab: Lab, bondd: Daemon) -> Daemon:
    """bond0, active-backup over eth0 and eth1, with addresses here and there."""
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="100")
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    ip("address", "add", f"{HOST6}/64", "dev", "bond0", "nodad")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "br0")
    lab.peer("ip", "address", "add", f"{PEER6}/64", "dev", "br0", "nodad")
    return bondd


def _received(ping: str) -> tuple[int, int]:
    numbers = re.search(r"(\d+) received,(?: \+(\d+) duplicates,)?", ping)
    assert numbers, ping
    return int(numbers[1]), int(numbers[2] or 0)


@pytest.mark.parametrize("address", [PEER, PEER6])
def test_ping_out_is_answered_once(bond: Daemon, address: str) -> None:
    assert _received(run("ping", "-c", "5", "-i", "0.05", address).stdout) == (5, 0)


@pytest.mark.parametrize("address", [HOST, HOST6])
def test_ping_in_is_answered_once(lab: Lab, bond: Daemon, address: str) -> None:
    assert _received(lab.peer("ping", "-c", "5", "-i", "0.05", address)) == (5, 0)


def test_arp_is_answered_once(lab: Lab, bond: Daemon) -> None:
    wire = lab.listen("port0")
    lab.peer("arping", "-c", "1", "-w", "1", "-I", "br0", HOST)
    replies = wire.frames(lambda f: f[12:14] == b"\x08\x06" and f[20:22] == b"\0\x02", 1)
    assert len(replies) == 1


def test_slaves_say_nothing_themselves(lab: Lab, bondd: Daemon) -> None:
    """Steps: enslave to a bond without IPv6. Verify: no router solicitation, DAD or MLD from the slaves."""
    wires = [lab.listen("port0"), lab.listen("port1")]
    bondd.control.call("add", bond="bond0", options={"mode": "active-backup", "miimon": "100"})
    run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/bond0/disable_ipv6")
    bondd.control.call("up", bond="bond0")
    for nic in lab.nics:
        bondd.control.call("enslave", bond="bond0", slave=nic)
    # Duplicate detection starts within one second of coming up.
    end = time.monotonic() + 1.5
    heard: list[bytes] = []
    for wire in wires:
        wire.socket.settimeout(max(0.01, end - time.monotonic()))
        try:
            heard.append(wire.socket.recv(2048))
        except TimeoutError:
            continue
    assert not heard


def test_mtu_9000_reaches_the_slaves_and_the_wire(lab: Lab, bond: Daemon) -> None:
    for port in ("port0", "port1", "br0"):
        lab.peer("ip", "link", "set", "dev", port, "mtu", "9000")
    ip("link", "set", "dev", "bond0", "mtu", "9000")
    eventually(lambda: [link(nic)["mtu"] for nic in lab.nics] == [9000, 9000])
    assert _received(run("ping", "-c", "2", "-i", "0.05", "-s", "8900", "-M", "do", PEER).stdout) == (2, 0)


def test_mtu_that_a_slave_refuses_is_taken_back(lab: Lab, bondd: Daemon) -> None:
    """Steps: the second slave is a macvlan, which cannot have more than its lower device; ask for more."""
    ip("link", "set", "dev", "eth1", "up")
    ip("link", "add", "link", "eth1", "name", "short0", "type", "macvlan")
    bondd.add("bond0", "eth0", "short0", mode="active-backup", miimon="100")
    ip("link", "set", "dev", "bond0", "mtu", "9000")
    eventually(lambda: "short0: cannot set MTU 9000" in bondd.errors())
    assert [link(name)["mtu"] for name in ("bond0", "eth0", "short0")] == [1500] * 3
    assert bondd.show()["mtu"] == 1500


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


def _frame(source: int, destination: int, *, vlan: int | None = None, marker: int = 0) -> bytes:
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    macs = bytes([2, 0, 0, 0, 1, destination, 2, 0, 0, 0, 2, source])
    return macs + tag + TEST_TYPE + struct.pack("!I", marker) + bytes(42)


def _is_test(frame: bytes) -> bool:
    return TEST_TYPE in (frame[12:14], frame[16:18])


@pytest.mark.parametrize("vlan", [None, 100, 0x6FFF & 0xEFFE])
def test_frames_pass_unchanged_both_ways(lab: Lab, bond: Daemon, vlan: int | None) -> None:
    """Steps: a raw frame out of bond0 and one into it, also tagged (with priority). Verify: every byte."""
    frame = _frame(1, 2, vlan=vlan)
    wire, device = lab.listen("port0"), lab.listen_here("bond0")
    device.send(frame)
    assert wire.frames(_is_test, 1) == [frame]
    wire.send(frame)
    assert device.frames(_is_test, 1) == [frame]


def test_inactive_slave_delivers_nothing(lab: Lab, bond: Daemon) -> None:
    active, backup = lab.listen("port0"), lab.listen("port1")
    device = lab.listen_here("bond0")
    backup.send(_frame(1, 2, marker=1))
    backup.send(_frame(1, 2, vlan=5, marker=2))
    active.send(_frame(1, 2, marker=3))
    assert device.frames(_is_test, 1) == [_frame(1, 2, marker=3)]
    assert bond.show()["counters"]["eth1"]["rx_ignored"] >= 2


def test_what_others_send_on_a_slave_is_not_received(lab: Lab, bond: Daemon) -> None:
    device, wire = lab.listen_here("bond0"), lab.listen("port0")
    lab.listen_here("eth0").send(_frame(1, 2, marker=1))
    assert wire.frames(_is_test, 1) == [_frame(1, 2, marker=1)]
    wire.send(_frame(2, 1, marker=2))
    assert device.frames(_is_test, 1) == [_frame(2, 1, marker=2)]


PAIR = ("eth0", "eth1")


@pytest.mark.parametrize(
    ("mode", "transmit"),
    [
        ("balance-rr", RoundRobin(PAIR)),
        ("balance-xor", Hashed(HashPolicy.MAC_XOR, PAIR)),
        ("broadcast", Replicate(PAIR)),
    ],
)
def test_data_path_equals_the_reference_forwarder(
    lab: Lab, bondd: Daemon, mode: str, transmit: Transmit
) -> None:
    """Steps: forty frames out of the bond. Verify: each leaves where `Forwarder` says, in order."""
    bondd.control.call("add", bond="bond0", options={"mode": mode, "miimon": "100"})
    run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/bond0/disable_ipv6")
    bondd.control.call("up", bond="bond0")
    for nic in lab.nics:
        bondd.control.call("enslave", bond="bond0", slave=nic)
    wires = {"eth0": lab.listen("port0"), "eth1": lab.listen("port1")}
    device = lab.listen_here("bond0")
    reference = Forwarder(ForwardingPlan(transmit))
    expected: dict[str, list[bytes]] = {"eth0": [], "eth1": []}
    for marker in range(40):
        frame = _frame(marker % 7, marker % 3, marker=marker)
        for slave in reference.targets(frame):
            expected[slave].append(frame)
        device.send(frame)

    def mine(frame: bytes) -> bool:
        return _is_test(frame)

    # The bridge floods what it got by one port out of the other only towards the host: a tap that listens to
    # incoming frames of a port hears the host alone.
    for slave, wire in wires.items():
        assert wire.frames(mine, len(expected[slave])) == expected[slave]


def test_traffic_survives_a_slave_set_down(lab: Lab, bond: Daemon) -> None:
    ip("link", "set", "dev", "eth0", "down")
    eventually(lambda: bond.show()["active"] == "eth1")
    assert _received(run("ping", "-c", "3", "-i", "0.05", PEER).stdout) == (3, 0)
    ip("link", "set", "dev", "eth0", "up")
    eventually(lambda: bond.show()["slaves"][0]["link"] == "up")
    bond.control.call("set", bond="bond0", option="active_slave", value="eth0")
    assert _received(run("ping", "-c", "3", "-i", "0.05", PEER).stdout) == (3, 0)


def test_without_monitor_frames_to_a_dead_slave_are_lost_and_counted(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    ip("link", "set", "dev", "eth0", "down")
    device = lab.listen_here("bond0")
    for marker in range(10):
        device.send(_frame(1, 2, marker=marker))
    eventually(lambda: bondd.show()["counters"]["eth0"]["tx_dropped"] >= 10)
    ip("link", "set", "dev", "eth0", "up")
    wire = lab.listen("port0")
    device.send(_frame(1, 2, marker=99))
    assert wire.frames(_is_test, 1) == [_frame(1, 2, marker=99)]


def test_vanished_slave_leaves_the_bond(lab: Lab, bond: Daemon) -> None:
    ip("link", "del", "dev", "eth0")
    eventually(lambda: [slave["name"] for slave in bond.show()["slaves"]] == ["eth1"])
    assert _received(run("ping", "-c", "3", "-i", "0.05", PEER).stdout) == (3, 0)
    (journal,) = lab.directory.glob("*.journal")
    assert "eth0" not in journal.read_text()


def test_renamed_slave_goes_on_under_its_old_name(lab: Lab, bond: Daemon) -> None:
    before = "00:00:5e:00:53:01"
    bond.control.call("release", bond="bond0", slave="eth1")
    ip("link", "set", "dev", "eth1", "address", before)
    bond.control.call("enslave", bond="bond0", slave="eth1")
    ip("link", "set", "dev", "eth1", "down")
    ip("link", "set", "dev", "eth1", "name", "lan1")
    try:
        ip("link", "set", "dev", "lan1", "up")
        eventually(lambda: bond.show()["slaves"][1]["link"] == "up")
        bond.control.call("release", bond="bond0", slave="eth1")
        given_back = state("lan1")
        assert (given_back["mac"], given_back["up"], given_back["tc"]) == (before, False, [])
    finally:
        ip("link", "del", "dev", "lan1")


def test_two_bonds_in_one_daemon(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    bondd.add("bond1", "eth1", mode="balance-rr", miimon="100")
    wires = {"bond0": lab.listen("port0"), "bond1": lab.listen("port1")}
    for number, (name, wire) in enumerate(wires.items()):
        frame = _frame(1, 2, marker=number)
        lab.listen_here(name).send(frame)
        assert wire.frames(_is_test, 1) == [frame]
    bondd.control.call("delete", bond="bond0")
    assert bondd.control.call("list") == ["bond1"]
    frame = _frame(1, 2, marker=7)
    lab.listen_here("bond1").send(frame)
    assert wires["bond1"].frames(_is_test, 1) == [frame]


def test_address_given_to_the_bond_reaches_the_slaves(lab: Lab, bond: Daemon) -> None:
    ip("link", "set", "dev", "bond0", "address", "02:00:00:00:00:77")
    eventually(lambda: [link(nic)["address"] for nic in lab.nics] == ["02:00:00:00:00:77"] * 2)
    assert bond.show()["mac"] == "02:00:00:00:00:77"
    bond.control.call("release", bond="bond0", slave="eth0")
    assert link("eth0")["address"] != "02:00:00:00:00:77"


def test_bond_device_has_the_carrier_of_its_slaves(lab: Lab, bond: Daemon) -> None:
    eventually(lambda: "LOWER_UP" in link("bond0")["flags"])
    for port in ("port0", "port1"):
        lab.peer("ip", "link", "set", "dev", port, "down")
    eventually(lambda: "NO-CARRIER" in link("bond0")["flags"])
    lab.peer("ip", "link", "set", "dev", "port1", "up")
    eventually(lambda: "LOWER_UP" in link("bond0")["flags"])


def test_device_set_down_closes_the_bond(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", up=False, mode="active-backup", miimon="100")
    assert not bondd.show()["admin_up"]
    ip("link", "set", "dev", "bond0", "up")
    # No wait: a command acts on the device as it is.
    bondd.control.call("enslave", bond="bond0", slave="eth0")
    ip("link", "set", "dev", "bond0", "down")
    assert not bondd.show()["admin_up"]


def test_deleted_bond_device_gives_back_its_slaves(lab: Lab, bondd: Daemon) -> None:
    before = state("eth0")
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    ip("link", "del", "dev", "bond0")
    eventually(lambda: bondd.control.call("list") == [])
    assert state("eth0") == before
    assert bondd.errors().splitlines()[1:] == [
        "bondd: bond0: the bond device was deleted; its slaves are given back"
    ]
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
