"""What a bond carries."""

from __future__ import annotations

import time

import pytest

from bondimpl.forwarding import Forwarder, ForwardingPlan, Hashed, Replicate, RoundRobin, Transmit
from bondimpl.frames.hashes import HashPolicy
from tests.runtime.lab import Daemon, Lab, eventually, ip, run
from tests.runtime.reach import HOST, HOST6, PEER, PEER6, is_test, made_frame, received

pytestmark = pytest.mark.root


@pytest.mark.parametrize("address", [PEER, PEER6])
def test_ping_out_is_answered_once(bond: Daemon, address: str) -> None:
    assert received(run("ping", "-c", "5", "-i", "0.25", address).stdout) == (5, 0)


@pytest.mark.parametrize("address", [HOST, HOST6])
def test_ping_in_is_answered_once(lab: Lab, bond: Daemon, address: str) -> None:
    assert received(lab.peer("ping", "-c", "5", "-i", "0.25", address)) == (5, 0)


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


@pytest.mark.parametrize("vlan", [None, 100, 0x6FFF & 0xEFFE])
def test_frames_pass_unchanged_both_ways(lab: Lab, bond: Daemon, vlan: int | None) -> None:
    """Steps: a raw frame out of bond0 and one into it, also tagged (with priority). Verify: every byte."""
    frame = made_frame(1, 2, vlan=vlan)
    wire, device = lab.listen("port0"), lab.listen_here("bond0")
    device.send(frame)
    assert wire.frames(is_test, 1) == [frame]
    wire.send(frame)
    assert device.frames(is_test, 1) == [frame]


def test_inactive_slave_delivers_nothing(lab: Lab, bond: Daemon) -> None:
    active, backup = lab.listen("port0"), lab.listen("port1")
    device = lab.listen_here("bond0")
    backup.send(made_frame(1, 2, marker=1))
    backup.send(made_frame(1, 2, vlan=5, marker=2))
    active.send(made_frame(1, 2, marker=3))
    assert device.frames(is_test, 1) == [made_frame(1, 2, marker=3)]
    assert bond.show()["counters"]["eth1"]["rx_ignored"] >= 2


def test_what_others_send_on_a_slave_is_not_received(lab: Lab, bond: Daemon) -> None:
    device, wire = lab.listen_here("bond0"), lab.listen("port0")
    lab.listen_here("eth0").send(made_frame(1, 2, marker=1))
    assert wire.frames(is_test, 1) == [made_frame(1, 2, marker=1)]
    wire.send(made_frame(2, 1, marker=2))
    assert device.frames(is_test, 1) == [made_frame(2, 1, marker=2)]


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
        frame = made_frame(marker % 7, marker % 3, marker=marker)
        for slave in reference.targets(frame):
            expected[slave].append(frame)
        device.send(frame)

    def mine(frame: bytes) -> bool:
        return is_test(frame)

    # The bridge floods what it got by one port out of the other only towards the host: a tap that listens to
    # incoming frames of a port hears the host alone.
    for slave, wire in wires.items():
        assert wire.frames(mine, len(expected[slave])) == expected[slave]


def test_traffic_survives_a_slave_set_down(lab: Lab, bond: Daemon) -> None:
    ip("link", "set", "dev", "eth0", "down")
    eventually(lambda: bond.show()["active"] == "eth1")
    assert received(run("ping", "-c", "3", "-i", "0.25", PEER).stdout) == (3, 0)
    ip("link", "set", "dev", "eth0", "up")
    eventually(lambda: bond.show()["slaves"][0]["link"] == "up")
    bond.control.call("set", bond="bond0", option="active_slave", value="eth0")
    assert received(run("ping", "-c", "3", "-i", "0.25", PEER).stdout) == (3, 0)


def test_without_monitor_frames_to_a_dead_slave_are_lost_and_counted(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    ip("link", "set", "dev", "eth0", "down")
    device = lab.listen_here("bond0")
    for marker in range(10):
        device.send(made_frame(1, 2, marker=marker))
    eventually(lambda: bondd.show()["counters"]["eth0"]["tx_dropped"] >= 10)
    ip("link", "set", "dev", "eth0", "up")
    wire = lab.listen("port0")
    device.send(made_frame(1, 2, marker=99))
    assert wire.frames(is_test, 1) == [made_frame(1, 2, marker=99)]


def test_two_bonds_in_one_daemon(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    bondd.add("bond1", "eth1", mode="balance-rr", miimon="100")
    wires = {"bond0": lab.listen("port0"), "bond1": lab.listen("port1")}
    for number, (name, wire) in enumerate(wires.items()):
        frame = made_frame(1, 2, marker=number)
        lab.listen_here(name).send(frame)
        assert wire.frames(is_test, 1) == [frame]
    bondd.control.call("delete", bond="bond0")
    assert bondd.control.call("list") == ["bond1"]
    frame = made_frame(1, 2, marker=7)
    lab.listen_here("bond1").send(frame)
    assert wires["bond1"].frames(is_test, 1) == [frame]
