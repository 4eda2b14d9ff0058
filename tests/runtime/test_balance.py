"""balance-tlb and balance-alb through the daemon: addresses, ports and ARP on real interfaces."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from bondimpl.frames.arp import REPLY, REQUEST, Arp, decode
from bondimpl.frames.ethernet import BROADCAST
from bondimpl.frames.learning import ETHERTYPE_LOOP, learning
from tests.core.packets import NOBODY, OWN, arp, ipv4, tagged
from tests.core.world import mac
from tests.runtime.lab import Daemon, Lab, eventually, ip, link, run

pytestmark = pytest.mark.root

HOST, PEER = "10.0.0.1", "10.0.0.2"


def mac_of(nic: str) -> bytes:
    return bytes.fromhex(link(nic)["address"].replace(":", ""))


def is_learning(frame: bytes) -> bool:
    return frame[12:14] == ETHERTYPE_LOOP.to_bytes(2, "big")


def is_ipv4(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00"


def sent_to(address: bytes) -> Callable[[bytes], bool]:
    return lambda frame: frame[:6] == address


def quiet(lab: Lab, bondd: Daemon, mode: str, **options: str) -> None:
    """A bond without IPv6, so that only a test's own frames are about."""
    bondd.control.call("add", bond="bond0", options={"mode": mode, **options})
    run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/bond0/disable_ipv6")
    bondd.control.call("up", bond="bond0")
    for nic in lab.nics:
        bondd.control.call("enslave", bond="bond0", slave=nic)


@pytest.mark.parametrize("mode", ["balance-tlb", "balance-alb"])
def test_each_slave_keeps_an_address_of_its_own(lab: Lab, bondd: Daemon, mode: str) -> None:
    """Steps: enslave, fail over, release. Verify: who wears what, in the kernel's own words."""
    own = {nic: mac_of(nic) for nic in lab.nics}
    quiet(lab, bondd, mode)
    assert {nic: mac_of(nic) for nic in lab.nics} == own
    assert mac_of("bond0") == own["eth0"]
    lab.peer("ip", "link", "set", "dev", "port0", "down")
    eventually(lambda: bondd.show()["active"] == "eth1")
    assert (mac_of("eth0"), mac_of("eth1")) == (own["eth1"], own["eth0"])
    assert link("eth1")["promiscuity"] == (1 if mode == "balance-alb" else 0)
    for nic in lab.nics:
        bondd.control.call("release", bond="bond0", slave=nic)
    assert {nic: mac_of(nic) for nic in lab.nics} == own


@pytest.mark.parametrize("mode", ["balance-tlb", "balance-alb"])
def test_an_address_given_to_the_bond_is_the_active_slaves(lab: Lab, bondd: Daemon, mode: str) -> None:
    quiet(lab, bondd, mode)
    second = mac_of("eth1")
    ip("link", "set", "dev", "bond0", "address", "02:00:00:00:00:77")
    eventually(lambda: mac_of("eth0") == mac(0x77))
    assert mac_of("eth1") == second


def test_flows_leave_by_both_slaves_each_under_its_address(lab: Lab, bondd: Daemon) -> None:
    """Steps: eight flows, twice, some in a VLAN. Verify: port, Ethernet source, the rest as sent."""
    quiet(lab, bondd, "balance-tlb")
    own = {nic: mac_of(nic) for nic in lab.nics}
    wires = {"eth0": lab.listen("port0"), "eth1": lab.listen("port1")}
    device = lab.listen_here("bond0")
    frames = [ipv4(peer) for peer in range(8)] + [tagged(ipv4(peer), 5) for peer in range(8)]
    expected: dict[str, list[bytes]] = {"eth0": [], "eth1": []}
    for number, frame in enumerate(frames):
        device.send(frame)
        slave = ("eth0", "eth1")[number % 2]
        source = frame[6:12] if slave == "eth0" else own["eth1"]
        expected[slave].append(frame[:6] + source + frame[12:])
    for slave, wire in wires.items():
        assert wire.frames(lambda frame: not is_learning(frame), 8) == expected[slave]


def test_the_host_is_reached_whatever_flows_do(lab: Lab, bondd: Daemon) -> None:
    quiet(lab, bondd, "balance-tlb")
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "br0")
    answered = "5 received, 0% packet loss"
    assert answered in run("ping", "-c", "5", "-i", "0.25", PEER).stdout
    lab.peer("ip", "link", "set", "dev", "port0", "down")
    eventually(lambda: bondd.show()["active"] == "eth1")
    assert answered in lab.peer("ping", "-c", "5", "-i", "0.25", HOST)


def test_switches_are_taught_each_second(lab: Lab, bondd: Daemon) -> None:
    quiet(lab, bondd, "balance-tlb")
    for number, nic in enumerate(lab.nics):
        wire = lab.listen(f"port{number}")
        assert set(wire.frames(is_learning, 3)) == {learning(mac_of(nic), ETHERTYPE_LOOP)}


def settled(lab: Lab) -> None:
    """The first learning packet: no slave is new any more, whose coming would deal peers out anew."""
    lab.listen("port0").frames(is_learning, 1)


def test_peers_reach_the_host_by_the_slave_they_were_told(lab: Lab, bondd: Daemon) -> None:
    """Steps: four peers ask for the host. Verify: told both slaves in turn, and heard where they send."""
    quiet(lab, bondd, "balance-alb")
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    settled(lab)
    bond_mac = mac_of("bond0")
    wires, device = {"eth0": lab.listen("port0"), "eth1": lab.listen("port1")}, lab.listen_here("bond0")
    for peer, slave in zip((5, 6, 7, 8), ("eth0", "eth1", "eth0", "eth1"), strict=True):
        wires["eth0"].send(arp(REQUEST, peer, 1, mac(0x80 + peer), NOBODY))
        (reply, *_) = wires[slave].frames(sent_to(mac(0x80 + peer)), 1)
        assert decode(reply) == Arp(
            mac(0x80 + peer), REPLY, mac_of(slave), OWN, mac(0x80 + peer), IPv4Address(f"10.0.0.{peer}")
        )
        assert reply[6:12] == mac_of(slave)
        data = ipv4(peer, dst=mac_of(slave))
        wires[slave].send(data)
        assert device.frames(is_ipv4, 1) == [bond_mac + data[6:]]


def test_a_backup_is_deaf_to_broadcasts(lab: Lab, bondd: Daemon) -> None:
    quiet(lab, bondd, "balance-alb")
    active, backup, device = lab.listen("port0"), lab.listen("port1"), lab.listen_here("bond0")
    backup.send(ipv4(5, dst=BROADCAST))
    active.send(ipv4(6, dst=BROADCAST))
    assert device.frames(is_ipv4, 1) == [ipv4(6, dst=BROADCAST)]


def test_a_peer_that_the_host_asked_for_is_told_its_slave(lab: Lab, bondd: Daemon) -> None:
    """Steps: ask for somebody, then for a peer. Verify: the peer learns the second slave, and uses it."""
    quiet(lab, bondd, "balance-alb")
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "br0")
    settled(lab)
    lab.listen_here("bond0").send(arp(REQUEST, 1, 9, mac_of("bond0"), NOBODY))
    heard = lab.listen_here("eth1")
    assert " 0% packet loss" in run("ping", "-c", "1", PEER).stdout
    eventually(lambda: lab.peer("ip", "neigh", "show", HOST).split()[4] == link("eth1")["address"])
    assert " 0% packet loss" in run("ping", "-c", "3", "-i", "0.25", PEER).stdout
    replies = heard.frames(is_ipv4, 3)
    assert {frame[:6] for frame in replies} == {mac_of("eth1")}


def test_a_bridge_over_the_bond_speaks_for_itself(lab: Lab, bondd: Daemon, bridge: str) -> None:
    """Steps: the bond is a port of a bridge, which asks for several peers. Verify: by the active slave."""
    quiet(lab, bondd, "balance-alb")
    ip("link", "set", "dev", "bond0", "master", bridge)
    ip("link", "set", "dev", bridge, "address", link("bond0")["address"], "up")
    ip("address", "add", f"{HOST}/24", "dev", bridge)
    settled(lab)
    wires = [lab.listen(f"port{number}") for number in range(2)]
    peers = [f"10.0.0.{number}" for number in (2, 3, 4, 5)]
    for peer in peers:
        lab.peer("ip", "address", "add", f"{peer}/24", "dev", "br0")
        assert run("ping", "-c", "1", "-W", "2", peer).returncode == 0

    def asks(frame: bytes) -> bool:
        packet = decode(frame)
        return packet is not None and packet.operation == REQUEST and str(packet.sender) == HOST

    questions = wires[0].frames(asks, len(peers))
    assert {frame[6:12] for frame in questions} == {mac_of("bond0")}
    assert {str(packet.target) for frame in questions if (packet := decode(frame))} == set(peers)
    assert wires[1].frames(asks, 0, 0.1) == []
