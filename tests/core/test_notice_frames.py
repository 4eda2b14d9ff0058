"""IGMP reports and neighbour advertisements, byte by byte."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest

from bondimpl.frames import igmp, ndisc
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
    assert groups.parse("") == groups.parse("nonsense\n\t\t\n") == {}
