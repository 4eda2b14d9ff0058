"""VLAN devices of bondd's own, on a kernel that need not have any."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from tests.runtime.lab import Daemon, Lab, eventually, exists, ip, link, run
from tests.runtime.reach import TEST_TYPE, is_test, made_frame, received

pytestmark = pytest.mark.root

HOST, PEER = "10.78.0.1", "10.78.0.2"
_SOL_PACKET, _VNET_HEADER = 263, 15
OWN = "02:00:00:00:01:77"


@pytest.fixture
def vlan(bond: Daemon) -> Daemon:
    """bond0 with bond0.100, up, and an address."""
    done = bond.bondctl("vlan", "add", "bond0", "100")
    assert done.returncode == 0, done.stderr
    ip("address", "add", f"{HOST}/24", "dev", "bond0.100")
    ip("link", "set", "dev", "bond0.100", "up")
    eventually(lambda: "LOWER_UP" in link("bond0.100")["flags"])
    return bond


@pytest.fixture
def far(lab: Lab, vlan: Daemon) -> Iterator[Daemon]:
    """A bond behind the peer's bridge with a VLAN device of the same VLAN."""
    directory = lab.directory / "far"
    directory.mkdir()
    lab.peer("ip", "link", "add", "dev", "far0", "type", "veth", "peer", "name", "near0")
    lab.peer("ip", "link", "set", "dev", "near0", "master", "br0", "up")
    far = lab.at_peer(lambda: Daemon(directory / "bondd.sock"))
    far.add("far", "far0", mode="balance-rr")
    far.control.call("vlan_add", bond="far", id=100, name="blue")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "blue")
    lab.peer("ip", "link", "set", "dev", "blue", "up")
    eventually(lambda: received(run("ping", "-c1", "-W1", PEER, check=False).stdout) == (1, 0))
    yield far
    far.stop()


def test_frames_as_long_as_the_mtu_pass(far: Daemon) -> None:
    """A tag makes a frame four bytes longer than the MTU of the slave would have it."""
    assert received(run("ping", "-c3", "-i0.1", "-Mdo", "-s1472", PEER).stdout) == (3, 0)


@pytest.mark.parametrize("outwards", [True, False])
def test_tcp_arrives_unharmed_in_super_frames(lab: Lab, vlan: Daemon, far: Daemon, outwards: bool) -> None:
    data = os.urandom(1 << 24)
    near_end = HOST if not outwards else PEER

    def listen() -> socket.socket:
        return socket.create_server((near_end, 5000))

    def connect() -> socket.socket:
        return socket.create_connection((near_end, 5000), timeout=10)

    with lab.at_peer(listen) if outwards else listen() as server:
        client = connect() if outwards else lab.at_peer(connect)
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
    moved = vlan.show()["counters"]["eth0"]
    way = "tx" if outwards else "rx"
    assert moved[f"{way}_bytes"] >= 1 << 24
    assert moved[f"{way}_bytes"] / moved[f"{way}_packets"] > 5000
    assert moved["tx_dropped"] == moved["rx_dropped"] == 0


def _super_frame(destination: bytes) -> tuple[bytes, bytes, bytes]:
    """(addresses, rest, virtio header) of 5000 bytes of TCP that are to be cut into segments of 1448."""
    ip_header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 5040, 1, 0x4000, 64, 6, 0, bytes(4), bytes(4))
    tcp_header = struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 5 << 4, 0x10, 512, 0, 0)
    header = struct.pack("=BBHHHH", 1, 1, 54, 1448, 34, 16)
    rest = b"\x08\0" + ip_header + tcp_header + bytes(range(250)) * 20
    return destination + bytes.fromhex("020000000201"), rest, header


@pytest.mark.parametrize("outwards", [True, False])
def test_the_header_of_a_super_frame_moves_with_the_tag(lab: Lab, vlan: Daemon, outwards: bool) -> None:
    """Steps: a super-frame of TCP to the VLAN device, or a tagged one to the slave.

    Verify: it comes out at the other end in one piece, tagged or not; its checksum is due where it was.
    """
    wire, device = lab.listen("port0"), lab.listen_here("bond0.100")
    for end in (wire, device):
        end.socket.setsockopt(_SOL_PACKET, _VNET_HEADER, 1)
    addresses, rest, header = _super_frame(bytes.fromhex(link("bond0")["address"].replace(":", "")))
    tagged = struct.pack("=BBHHHH", 1, 1, 58, 1448, 38, 16) + addresses + b"\x81\0\0\x64" + rest
    plain = header + addresses + rest
    source, sink = (device, wire) if outwards else (wire, device)
    source.send(plain if outwards else tagged)
    sink.socket.settimeout(5)
    while addresses not in (seen := sink.socket.recv(1 << 17)):
        continue
    # The kernel takes the tag off before a packet socket sees the frame, and the header is as without it.
    assert seen == plain


def test_frames_of_other_vlans_reach_the_bond_device(lab: Lab, vlan: Daemon) -> None:
    """Steps: frames in VLANs 100 and 101, and one without tag. Verify: each is where it belongs, once."""
    wire = lab.listen("port0")
    bond0, bond0_100 = lab.listen_here("bond0"), lab.listen_here("bond0.100")
    every = {
        each: b"\xff" * 6 + made_frame(1, 2, vlan=each, marker=each or 0)[6:] for each in (100, 101, None)
    }
    for frame in every.values():
        wire.send(frame)
    assert bond0.frames(is_test, 2) == [every[101], every[None]]
    (untagged,) = bond0_100.frames(is_test, 1)
    assert untagged == every[100][:12] + every[100][16:]


def test_only_frames_for_the_bond_reach_a_vlan_unless_it_is_promiscuous(lab: Lab, vlan: Daemon) -> None:
    """As with a NIC that filters: veth lets everything in."""
    wire, device = lab.listen("port0"), lab.listen_here("bond0.100")
    foreign, everybody = (made_frame(1, 2, vlan=100, marker=number) for number in (1, 2))
    everybody = b"\xff" * 6 + everybody[6:]
    for frame in (foreign, everybody):
        wire.send(frame)
    assert [frame[:6] for frame in device.frames(is_test, 1)] == [everybody[:6]]
    ip("link", "set", "dev", "bond0", "promisc", "on")
    eventually(lambda: link("eth0")["promiscuity"] == 1)
    for frame in (foreign, everybody):
        wire.send(frame)
    assert [frame[:6] for frame in device.frames(is_test, 2)] == [foreign[:6], everybody[:6]]


def test_a_device_is_up_and_has_carrier_as_the_bond(vlan: Daemon) -> None:
    ip("link", "set", "dev", "bond0", "down")
    eventually(lambda: "UP" not in link("bond0.100")["flags"])
    ip("link", "set", "dev", "bond0.100", "up")
    eventually(lambda: "UP" not in link("bond0.100")["flags"])
    ip("link", "set", "dev", "bond0", "up")
    eventually(lambda: "LOWER_UP" in link("bond0.100")["flags"])
    vlan.control.call("release", bond="bond0", slaves=["eth0", "eth1"])
    eventually(lambda: "NO-CARRIER" in link("bond0.100")["flags"])


def test_a_device_has_no_longer_mtu_than_the_bond(vlan: Daemon) -> None:
    ip("link", "set", "dev", "bond0", "mtu", "1400")
    eventually(lambda: link("bond0.100")["mtu"] == 1400)
    ip("link", "set", "dev", "bond0.100", "mtu", "1500")
    eventually(lambda: link("bond0.100")["mtu"] == 1400)
    ip("link", "set", "dev", "bond0.100", "mtu", "1300")
    ip("link", "set", "dev", "bond0", "mtu", "1500")
    eventually(lambda: link("eth0")["mtu"] == 1500)
    assert link("bond0.100")["mtu"] == 1300


def test_todays_device_follows_the_bonds_address(lab: Lab) -> None:
    bondd = lab.bondd("--era", "6.x")
    bondd.add("bond0", mode="balance-rr")
    bondd.control.call("vlan_add", bond="bond0", id=7)
    ip("link", "set", "dev", "bond0.7", "up")
    eventually(lambda: bondd.show()["vlans"])
    bondd.control.call("enslave", bond="bond0", slave="eth0")
    eventually(lambda: link("bond0.7")["address"] == link("eth0")["address"])
    ip("link", "set", "dev", "bond0.7", "address", OWN)
    eventually(lambda: link("eth0")["promiscuity"] == 1, 5)
    assert (link("bond0")["promiscuity"], bondd.show()["vlans"][0]["mac"]) == (0, OWN)


def test_what_becomes_of_devices(vlan: Daemon) -> None:
    """Steps: make others, by name; delete one behind bondd's back; remove one; remove the bond."""
    assert vlan.bondctl("vlan", "add", "bond0", "200", "--name", "blue").returncode == 0
    assert vlan.control.call("vlan_add", bond="bond0", id=300) == "bond0.300"
    assert [each["name"] for each in vlan.show()["vlans"]] == ["bond0.100", "blue", "bond0.300"]
    assert "  blue: VLAN 200, " in vlan.bondctl("show", "bond0").stdout
    ip("link", "del", "dev", "bond0.100")
    eventually(lambda: [each["id"] for each in vlan.show()["vlans"]] == [200, 300])
    assert vlan.bondctl("vlan", "del", "bond0", "200").returncode == 0
    assert not exists("blue")
    refused = vlan.bondctl("vlan", "del", "bond0", "200")
    assert (refused.returncode, refused.stderr) == (1, "bondctl: bond0: there is no VLAN device 200\n")
    vlan.control.call("delete", bond="bond0")
    assert not exists("bond0.300")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("0",), "is not the id"),
        (("4095",), "is not the id"),
        (("100",), "has a device already"),
        (("5", "--name", "eth0"), "exists already"),
        (("5", "--name", "a" * 16), "cannot be the name"),
    ],
)
def test_refusals(vlan: Daemon, arguments: tuple[str, ...], reason: str) -> None:
    done = vlan.bondctl("vlan", "add", "bond0", *arguments)
    assert done.returncode == 1
    assert reason in done.stderr
    assert [each["id"] for each in vlan.show()["vlans"]] == [100]


def test_a_bond_cannot_have_its_own_vlan_for_a_slave(vlan: Daemon) -> None:
    ip("link", "set", "dev", "bond0.100", "down")
    done = vlan.bondctl("enslave", "bond0", "bond0.100")
    assert (done.returncode, "lies over bond0 itself" in done.stderr) == (1, True)


def test_a_frame_to_the_slaves_address_is_the_vlans(lab: Lab, vlan: Daemon) -> None:
    """Whatever address the VLAN device has by then, as with the kernel's."""
    ip("link", "set", "dev", "bond0.100", "address", OWN)
    eventually(lambda: vlan.show()["vlans"][0]["mac"] == OWN)
    wire, device = lab.listen("port0"), lab.listen_here("bond0.100")
    to = bytes.fromhex(link("eth0")["address"].replace(":", ""))
    wire.send(to + made_frame(1, 2, vlan=100)[6:])
    (frame,) = device.frames(is_test, 1)
    assert (frame[:6].hex(":"), frame[12:14]) == (OWN, TEST_TYPE)


def test_a_device_that_hears_every_group_has_slaves_that_do(vlan: Daemon) -> None:
    ip("link", "set", "dev", "bond0.100", "allmulticast", "on")
    eventually(lambda: link("eth0")["allmulti"] == 2)
    ip("link", "set", "dev", "bond0.100", "allmulticast", "off")
    eventually(lambda: link("eth0")["allmulti"] == 1)
