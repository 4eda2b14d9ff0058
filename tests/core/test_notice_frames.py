"""IGMP and MLD reports and neighbour advertisements, byte by byte."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest

from bondimpl.frames import igmp, mld, ndisc
from bondimpl.machine import HostIpv6
from bondimpl.runtime import groups
from tests.core.world import World, mac

GROUP, HOST = IPv4Address("239.129.2.3"), IPv4Address("10.0.0.1")


def sums_up(data: bytes) -> bool:
    """Whether the words of a checksummed piece add up to ones, end-around carry and all."""
    return sum(int(word) for word in struct.unpack(f"!{len(data) // 2}H", data)) % 0xFFFF == 0


@pytest.mark.parametrize(
    ("version", "to", "kind"), [(1, GROUP, 0x12), (2, GROUP, 0x16), (3, IPv4Address("224.0.0.22"), 0x22)]
)
def test_membership_reports(version: int, to: IPv4Address, kind: int) -> None:
    frame = igmp.report(version, GROUP, source=HOST, mac=mac(1))
    assert (
        frame[:14] == bytes.fromhex("01005e" + ("010203" if version < 3 else "000016")) + mac(1) + b"\x08\0"
    )
    header, body = frame[14:38], frame[38 : 14 + int.from_bytes(frame[16:18], "big")]
    assert (header[8], header[9], header[20:]) == (1, 2, bytes.fromhex("94040000"))
    assert (header[12:16], header[16:20]) == (HOST.packed, to.packed)
    assert body[0] == kind
    assert body[-4:] == GROUP.packed
    assert len(body) == (8 if version < 3 else 16)
    assert sums_up(header)
    assert sums_up(body)


def test_the_real_drivers_frames() -> None:
    """As the driver of Linux 6.1 sent them after a failover; on the wire they are filled up to 60 bytes."""
    group, address = IPv4Address("239.1.2.3"), IPv6Address("fd00::1")
    assert igmp.report(3, group, source=HOST, mac=mac(1)).hex() == (
        "01005e00001602000000000108004" "6c00028000040000102f9f80a000001e000001694040000"
        "2200eaf90000000102000000ef010203" + "00" * 6
    )  # fmt: skip
    assert ndisc.unsolicited(address, mac(1)).hex() == (
        "33330000000102000000000186dd6000000000203afffd000000000000000000000000000001"
        "ff02000000000000000000000000000188005a9b20000000fd0000000000000000000000000000010201020000000001"
    )


def test_the_real_drivers_mld_reports() -> None:
    """As captured after a failover on 6.1, once with each version of MLD."""
    source = IPv6Address("fe80::ff:fe00:1")
    names = ("ff02::1:ff00:99", "ff05::1:3", "ff02::1:ff00:1")
    members = tuple(IPv6Address(name) for name in names)
    assert [frame.hex() for frame in mld.reports(2, members, source=source, mac=mac(1))] == [
        "33330000001602000000000186dd60000000004c0001fe80000000000000000000fffe000001"
        "ff0200000000000000000000000000163a000502000001008f00723500000003"
        "02000000ff0200000000000000000001ff000099"
        "02000000ff050000000000000000000000010003"
        "02000000ff0200000000000000000001ff000001"
    ]
    assert [frame.hex() for frame in mld.reports(1, members[:1], source=source, mac=mac(1))] == [
        "3333ff00009902000000000186dd6000000000200001fe80000000000000000000fffe000001"
        "ff0200000000000000000001ff0000993a00050200000100830081ef00000000ff0200000000000000000001ff000099"
    ]
    assert list(mld.reports(2, (), source=source, mac=mac(1))) == []


def test_many_groups_need_several_reports() -> None:
    members = tuple(IPv6Address(f"ff05::{number:x}") for number in range(1, 131))
    frames = list(mld.reports(2, members, source=IPv6Address("fe80::1"), mac=mac(1)))
    assert max(len(frame) for frame in frames) <= 14 + 1280
    told = [frame[at + 4 : at + 20] for frame in frames for at in range(70, len(frame), 20)]
    assert told == [member.packed for member in members]


def test_a_report_in_a_vlan() -> None:
    plain, tagged = (igmp.report(3, GROUP, source=HOST, mac=mac(1), vlan=vlan) for vlan in (None, 7))
    assert tagged[12:16].hex() == "81000007"
    assert tagged[16:60] == plain[12:56]


@pytest.mark.parametrize(("router", "flags"), [(False, 0x20000000), (True, 0xA0000000)])
def test_an_unsolicited_advertisement(router: bool, flags: int) -> None:
    address = IPv6Address("fd00::1")
    frame = ndisc.unsolicited(address, mac(1), router=router)
    assert frame[:14].hex() == "333300000001" + mac(1).hex() + "86dd"
    header, body = frame[14:54], frame[54:]
    assert (header[4:6], header[6], header[7]) == (b"\0\x20", 58, 255)
    assert (header[8:24], header[24:]) == (address.packed, IPv6Address("ff02::1").packed)
    assert (body[0], int.from_bytes(body[4:8], "big"), body[8:24]) == (136, flags, address.packed)
    assert body[24:] == b"\x02\x01" + mac(1)
    assert sums_up(header[8:] + struct.pack("!II", len(body), 58) + body)


@pytest.mark.parametrize("era_name", ["howto", "6.x"])
def test_each_ipv6_address_is_advertised_on_the_new_slave(era_name: str) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    here, there = IPv6Address("fd00::1"), IPv6Address("fe80::5")
    world.machine.ipv6_addresses = (HostIpv6(here), HostIpv6(there, vlan=7, router=True))
    world.run(200)
    world.machine.sent.clear()
    world.pull("eth0")
    world.run(200)
    assert world.machine.sent == [
        ("eth1", ndisc.unsolicited(here, mac(0))),
        ("eth1", ndisc.unsolicited(there, mac(0), router=True, vlan=7)),
    ]


def test_the_kernels_list_of_groups() -> None:
    text = (
        "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
        "1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"
        "12\tbond0     :     2      V2\n\t\t\t\t030281EF     1 0:00000000\t\t1\n"
        "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    )
    assert groups.parse(text) == {1: (3, []), 12: (2, [GROUP])}
    six = (
        "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
        "4    bond0           ff050000000000000000000000010003     1 00000006 0\n"
        "4    bond0           ff0200000000000000000001ff000001     2 00000007 123\n"
        "4    bond0           ff020000000000000000000000000001     1 0000000C 0\n"
        "4    bond0           ff010000000000000000000000000001     1 00000008 0\n"
    )
    expected = [IPv6Address("ff05::1:3"), IPv6Address("ff02::1:ff00:1")]
    assert groups.parse_ipv6(six) == {4: expected}
    assert groups.parse_ipv6("") == groups.parse_ipv6("nonsense\n4 bond0 ff\n") == {}
    assert groups.parse("") == groups.parse("nonsense\n\t\t\n") == {}
