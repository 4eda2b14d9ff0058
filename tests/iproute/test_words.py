"""Command lines are understood as `ip` understands them."""

from __future__ import annotations

import pytest

from bondimpl.iproute.bond_words import bond_options, slave_options
from bondimpl.iproute.command_line import Line, parse
from bondimpl.iproute.errors import Refused
from bondimpl.iproute.link_words import LinkRequest, link_request


def _there(name: str) -> bool:
    return name in ("eth0", "eth1")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("link", Line(thing="link", command="show")),
        ("l s eth0", Line(thing="link", command="set", words=("eth0",))),
        ("li ch eth0", Line(thing="link", command="set", words=("eth0",))),
        ("a", Line(thing="address", command="show")),
        ("link lst up", Line(thing="link", command="show", words=("up",))),
        ("link d bond0", Line(thing="link", command="delete", words=("bond0",))),
        ("route show", Line(thing="route", words=("show",))),
        ("netns exec h1 ip", Line(thing="netns", words=("exec", "h1", "ip"))),
        ("-d -j link", Line(("-d", "-j"), details=True, json=True, thing="link", command="show")),
        ("--details link", Line(("--details",), details=True, thing="link", command="show")),
        ("-n h1 -p link", Line(("-n", "h1", "-p"), netns="h1", pretty=True, thing="link", command="show")),
        ("-br -o link", Line(("-br", "-o"), brief=True, oneline=True, thing="link", command="show")),
        ("-c -d -color=always link", Line(("-d",), details=True, thing="link", command="show")),
        ("-b file", Line(("-b", "file"), batch="file")),
        ("-f inet -4 addr", Line(("-f", "inet", "-4"), thing="address", command="show")),
    ],
)
def test_command_lines(words: str, line: Line) -> None:
    assert parse(words.split()) == line


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("eth0 master bond0", LinkRequest("eth0", master="bond0")),
        ("dev eth0 m bond0 up", LinkRequest("eth0", master="bond0", state="up")),
        ("eth0 nomaster mtu 1400", LinkRequest("eth0", master="", others=("mtu", "1400"))),
        ("eth0 mtu 1400 up down", LinkRequest("eth0", state="down", others=("mtu", "1400"))),
        ("eth0 name eth7", LinkRequest("eth0", others=("name", "eth7"))),
        ("name bond0 type bond mode 1", LinkRequest("bond0", kind="bond", kind_words=("mode", "1"))),
        ("eth0 ty bond_slave up 1", LinkRequest("eth0", kind="bond_slave", kind_words=("up", "1"))),
    ],
)
def test_link_requests(words: str, asked: LinkRequest) -> None:
    assert link_request(words.split()) == asked


def test_options_come_in_the_drivers_order() -> None:
    options = bond_options(
        ["primary", "eth1", "arp_interval", "0x64", "num_unsol_na", "3", "mode", "1"], _there
    )
    assert list(options.items()) == [
        ("mode", "active-backup"),
        ("arp_interval", "100"),
        ("primary", "eth1"),
        ("num_grat_arp", "3"),
    ]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("mii 010", {"miimon": "8"}),
        ("lacp_a 0 lacp_r 1", {"lacp_active": "off", "lacp_rate": "fast"}),
        ("clear", {"active_slave": ""}),
        ("act eth0", {"active_slave": "eth0"}),
        ("arp_ip_target 192.0.2.1,192.0.2.2", {"arp_ip_target": "192.0.2.1,192.0.2.2"}),
        ("miimon 0 arp_interval 5", {"miimon": "0", "arp_interval": "5"}),
    ],
)
def test_bond_options(words: str, options: dict[str, str]) -> None:
    assert bond_options(words.split(), _there) == options


def test_slave_options() -> None:
    assert slave_options(["queue", "2", "prio", "-7"], _there) == {"queue_id": "2", "prio": "-7"}


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("mode balance", 255, 'argument "balance" is wrong: invalid mode'),
        ("mode 7", 255, "invalid mode"),
        ("miimon 1_0", 255, "invalid miimon"),
        ("use_carrier 256", 255, "invalid use_carrier"),
        ("ad_user_port_key 65536", 255, "invalid ad_user_port_key"),
        ("primary", 255, "not complete"),
        ("primary eth9", 1, 'Cannot find device "eth9"'),
        ("bogus 1", 1, 'unknown command "bogus"'),
        ("ns_ip6_target 192.0.2.1", 1, "inet6 address is expected"),
        ("miimon 100 arp_interval 100", 2, "ARP monitoring cannot be used with MII monitoring"),
        ("arp_validate all miimon 100", 2, "ARP validating cannot be used"),
    ],
)
def test_refusals(words: str, status: int, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        bond_options(words.split(), _there)
    assert refused.value.status == status


def test_two_names_are_garbage() -> None:
    with pytest.raises(Refused, match='"bond9" is a garbage'):
        link_request(["bond8", "bond9", "type", "bond"])
