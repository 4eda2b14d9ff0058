"""fail_over_mac, IGMP and MLD reports, neighbour advertisements and promiscuity on real interfaces."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest

from bondimpl.frames import igmp, mld, ndisc
from bondimpl.frames.ethernet import parse_mac
from bondimpl.runtime import groups
from tests.runtime.lab import Daemon, Lab, eventually, ip, link, run, state
from tests.runtime.reach import HOST, HOST6, PEER, received

pytestmark = pytest.mark.root

GROUP = IPv4Address("239.1.2.3")


@contextmanager
def member(group: IPv4Address) -> Iterator[None]:
    """The host hears this group on bond0."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        index = socket.if_nametoindex("bond0")
        listener.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4si", group.packed, bytes(4), index)
        )
        yield


@contextmanager
def sniffer(interface: str) -> Iterator[None]:
    """Somebody wants all frames of that interface, as tcpdump does."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        request = struct.pack("=iHH8x", socket.if_nametoindex(interface), 1, 0)
        wire.setsockopt(263, 1, request)
        yield


def fail(lab: Lab, bond: Daemon) -> None:
    """The active slave, eth0, loses its carrier."""
    lab.peer("ip", "link", "set", "dev", "port0", "down")
    eventually(lambda: bond.show()["active"] == "eth1")


def promiscuities(lab: Lab) -> list[int]:
    return [link(nic)["promiscuity"] for nic in lab.nics]


def test_groups_and_ipv6_addresses_are_told_on_the_new_slave(lab: Lab, bond: Daemon) -> None:
    mac = parse_mac(link("bond0")["address"])
    report = igmp.report(3, GROUP, source=IPv4Address(HOST), mac=mac)
    advertisement = ndisc.unsolicited(IPv6Address(HOST6), mac)
    bond.control.call("set", bond="bond0", options={"resend_igmp": "3"})
    wiretap = lab.listen("port1")
    with member(GROUP):
        fail(lab, bond)
        # The kernel repeats its own report of the membership as a change of state, which is another frame.
        told = wiretap.frames(lambda frame: frame in (report, advertisement), count=4)
    assert (told.count(report), told.count(advertisement)) == (3, 1)


@contextmanager
def member_ipv6(group: IPv6Address) -> Iterator[None]:
    """The host hears this IPv6 group on bond0."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listener:
        request = group.packed + struct.pack("=I", socket.if_nametoindex("bond0"))
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        yield


@pytest.mark.parametrize("version", [2, 1])
def test_ipv6_groups_are_told_on_the_new_slave(lab: Lab, bond: Daemon, version: int) -> None:
    mac, index = parse_mac(link("bond0")["address"]), socket.if_nametoindex("bond0")
    Path("/proc/sys/net/ipv6/conf/bond0/force_mld_version").write_text(str(version))
    bond.control.call("set", bond="bond0", options={"resend_igmp": "3"})
    ip("address", "add", "fe80::b/64", "dev", "bond0", "nodad")
    ip("address", "flush", "dev", "bond0", "to", str(address_of(mac)))
    wiretap = lab.listen("port1")
    with member_ipv6(IPv6Address("ff05::1:3")):
        eventually(lambda: IPv6Address("ff05::1:3") in groups.joined_ipv6()[index])
        joined = groups.joined_ipv6()[index]
        assert not {IPv6Address("ff02::1"), IPv6Address("ff01::1")} & set(joined)
        told = list(mld.reports(version, joined, source=IPv6Address("fe80::b"), mac=mac))
        fail(lab, bond)
        seen = wiretap.frames(lambda frame: frame in told, count=3 * len(told))
    assert all(seen.count(frame) >= 3 for frame in told)


def address_of(mac: bytes) -> IPv6Address:
    """The link-local address that the kernel makes of a hardware address."""
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:])


@pytest.mark.parametrize("policy", ["active", "follow"])
def test_addresses_change_hands(lab: Lab, bondd: Daemon, before: dict[str, Any], policy: str) -> None:
    """Steps: fail the active slave; give the bond another address; end the bond.

    Verify: addresses are where the policy says, the bond carries, everything is given back.
    """
    own = [before[nic]["mac"] for nic in lab.nics]
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="100", fail_over_mac=policy)
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "br0")
    for port in ("port0", "port1", "br0"):
        lab.peer("ip", "link", "set", "dev", port, "mtu", "1500")

    def worn() -> list[str]:
        return [link(name)["address"] for name in ("bond0", *lab.nics)]

    assert worn() == [own[0], *own]
    fail(lab, bondd)
    after = [own[1], *own] if policy == "active" else [own[0], own[1], own[0]]
    assert worn() == after
    assert received(run("ping", "-c", "3", "-i", "0.25", PEER).stdout) == (3, 0)
    ip("link", "set", "dev", "bond0", "address", "02:00:00:00:00:77")
    eventually(lambda: worn() == after)
    assert bondd.show()["mac"] == after[0]
    bondd.control.call("delete", bond="bond0")
    assert {nic: state(nic) for nic in lab.nics} == before


@pytest.mark.parametrize(
    ("mode", "at_first", "later"), [("balance-rr", [1, 1], [1, 1]), ("1", [1, 0], [0, 1])]
)
def test_a_sniffer_on_the_bond_hears_by_the_slaves(
    lab: Lab, bondd: Daemon, mode: str, at_first: list[int], later: list[int]
) -> None:
    bondd.add("bond0", "eth0", "eth1", mode=mode, miimon="100")
    assert promiscuities(lab) == [0, 0]
    with sniffer("bond0"):
        eventually(lambda: promiscuities(lab) == at_first)
        lab.peer("ip", "link", "set", "dev", "port0", "down")
        eventually(lambda: bondd.show()["slaves"][0]["link"] == "down")
        assert promiscuities(lab) == later
    eventually(lambda: promiscuities(lab) == [0, 0])


@pytest.mark.parametrize("end", ["release", "quit", "kill"])
def test_promiscuity_is_given_back(lab: Lab, bondd: Daemon, end: str) -> None:
    bondd.add("bond0", "eth0", "eth1", mode="balance-rr", miimon="100")
    ip("link", "set", "dev", "bond0", "promisc", "on")
    eventually(lambda: promiscuities(lab) == [1, 1])
    if end == "release":
        bondd.control.call("release", bond="bond0", slave="eth0")
        assert promiscuities(lab) == [0, 1]
        return
    bondd.stop(15 if end == "quit" else 9)
    assert promiscuities(lab) == [0, 0]


def groups_heard(lab: Lab) -> list[int]:
    return [link(nic)["allmulti"] for nic in lab.nics]


@pytest.mark.parametrize(
    ("mode", "at_first", "later"), [("balance-rr", [2, 2], [2, 2]), ("1", [2, 1], [1, 2])]
)
@pytest.mark.parametrize("end", ["off", "kill"])
def test_a_bond_that_hears_every_group_has_slaves_that_do(
    lab: Lab, bondd: Daemon, mode: str, at_first: list[int], later: list[int], end: str
) -> None:
    """Each slave counts one more than it does anyhow."""
    bondd.add("bond0", "eth0", "eth1", mode=mode, miimon="100")
    assert groups_heard(lab) == [1, 1]
    ip("link", "set", "dev", "bond0", "allmulticast", "on")
    eventually(lambda: groups_heard(lab) == at_first)
    lab.peer("ip", "link", "set", "dev", "port0", "down")
    eventually(lambda: groups_heard(lab) == later)
    if end == "off":
        ip("link", "set", "dev", "bond0", "allmulticast", "off")
        eventually(lambda: groups_heard(lab) == [1, 1])
    else:
        bondd.stop(9)
        assert groups_heard(lab) == [0, 0]
