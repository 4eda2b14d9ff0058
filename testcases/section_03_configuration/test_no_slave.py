"""A bond without slaves, and DHCP over a bond (HOWTO section 3.1)."""

from __future__ import annotations

import struct
from contextlib import suppress
from socket import socket

import pytest

from lab import frames
from lab.cases import BondDriver, Testbed, behaviour, eventually, needs, never, send_frames
from lab.faults import CablePull
from lab.hosts.base import Host
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.fault_shim import FaultShim
from testcases.modes import EVERY, MODES
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import SYSCONFIG
from testcases.wire import Wire

DISCOVER = struct.pack("!BBBBI", 1, 1, 6, 0, 0xB0D) + bytes(228) + bytes.fromhex("63825363350101ff")
"""What a DHCP client broadcasts first: BOOTREQUEST, with option 53 of value 1."""


def discover(mac: str) -> bytes:
    """The frame of a client with that address."""
    return frames.udp(frames.BROADCAST, mac, "0.0.0.0", "255.255.255.255", DISCOVER, ports=(68, 67))


def is_discover(frame: bytes) -> bool:
    """Whether it came from such a client."""
    return frame.endswith(DISCOVER)


def send(host: Host, interface: str, frame: bytes) -> None:
    """As a client does, whom it does not concern that an interface drops its frame."""
    with suppress(OSError):
        send_frames(host, interface, [frame])


@behaviour("3.1.bond.no-slave-no-transmit")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_without_a_live_slave_nothing_is_sent(
    bed: Testbed, driver: BondDriver, wire: Wire, mode: str
) -> None:
    """Steps: send DHCP requests over a bond that is up, without a slave; then with one whose cable is pulled;
    then plug it.

    Verify: no request is on any cable, nor counted as sent by a slave, until the cable is plugged; then they
    are.
    """
    host = bed.host("host")
    for nic in host.nics:
        host.run(["ip", "link", "set", "dev", nic, "down"])
    bond = driver.create(host, "bond0", {"mode": mode, "miimon": "100"})
    bond.set_up(True)
    with CablePull(bed, bed.slave_cable(0)):
        for _ in range(10):
            send(host, "bond0", discover("02:00:00:00:00:01"))
        bond.enslave("eth0")
        eventually(lambda: bond.status().slave("eth0").mii_status == "down", within=seconds(detection()))
        sent = counted(host, "eth0")
        for _ in range(10):
            send(host, "bond0", discover(bond.mac()))
        assert wire.shares(is_discover) == {}
        assert counted(host, "eth0") == sent

    def passes() -> bool:
        send(host, "bond0", discover(bond.mac()))
        return set(wire.shares(is_discover)) == {"eth0"}

    eventually(passes, within=seconds(detection() + LACP_JOIN))


@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_slave_that_is_down_is_not_sent_by(bed: Testbed, driver: BondDriver, wire: Wire, mode: str) -> None:
    """Steps: the same with one slave, whose NIC says that it has no carrier although its cable is plugged.

    Verify: nothing is on the cable, which would pass it, until the NIC tells the truth.
    """
    shim, host = FaultShim(driver, bed), bed.host("host")
    for nic in host.nics:
        host.run(["ip", "link", "set", "dev", nic, "down"])
    bond = driver.create(host, "bond0", {"mode": mode, "miimon": "100"})
    bond.set_up(True)
    bond.enslave("eth0")
    shim.answer("eth0", "carrier", "down")
    eventually(lambda: bond.status().slave("eth0").mii_status == "down", within=seconds(detection()))
    wire.mark()
    for _ in range(10):
        send(host, "bond0", discover(bond.mac()))
    assert wire.shares(is_discover) == {}
    shim.answer("eth0", "carrier", "real")

    def passes() -> bool:
        send(host, "bond0", discover(bond.mac()))
        return set(wire.shares(is_discover)) == {"eth0"}

    eventually(passes, within=seconds(detection()))


@behaviour("3.1.bond.dhcp-does-not-work")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_dhcp_asks_before_there_are_slaves(network: Network, wire: Wire) -> None:
    """Steps: a bond file with BOOTPROTO=dhcp; then what such a script would do: the bond up, the client's
    requests, and only then the slaves. Where the server is, all that comes is heard.

    Verify: the file is refused with the place. The server hears no request and the bond has no address; when
    it asks with the slaves in place, the server hears it.
    """
    wanted = SYSCONFIG.replace('BOOTPROTO="static"', 'BOOTPROTO="dhcp"')
    said = network.refusal({"ifcfg-bond0": wanted})
    assert "ifcfg-bond0:1: BOOTPROTO: dhcp does not work for a bond" in said
    server = network.bed.host("peer")
    with server.packet_socket(server.nics[0]) as ear:
        network.bondctl("add", "bond0", "mode=active-backup", "miimon=100")
        network.bondctl("up", "bond0")
        for _ in range(3):
            send(network.host, "bond0", discover(network.host.mac("eth0")))
        network.bondctl("enslave", "bond0", "eth0", "eth1")
        never(lambda: heard(ear), during=1.0)
        assert network.ipv4() == []

        def asks_again() -> bool:
            send(network.host, "bond0", discover(network.host.mac("bond0")))
            return heard(ear)

        eventually(asks_again, within=seconds(detection()))
    assert set(wire.shares(is_discover)) == {"eth0"}


def counted(host: Host, nic: str) -> int:
    """Frames that the NIC has sent."""
    return int(host.read(f"/sys/class/net/{nic}/statistics/tx_packets"))


def heard(ear: socket) -> bool:
    """Whether a request has come since the last time."""
    found = False
    with suppress(BlockingIOError):
        while frame := ear.recv(2048):
            found |= is_discover(frame)
    return found
