"""IPv6 targets through the daemon: neighbour solicitations, a peer that answers or does not, the routes."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

import pytest

from bondimpl.frames import ndisc
from bondimpl.frames.ethernet import parse_mac
from bondimpl.runtime import routes
from bondimpl.runtime.links import Links
from tests.runtime.lab import Daemon, Lab, eventually, ip, link

pytestmark = pytest.mark.root

HOST, PEER = "fd00::1", "fd00::2"
BOTH = pytest.mark.parametrize("era", ["howto", "6.x"])


@pytest.fixture
def monitored(lab: Lab, era: str) -> Daemon:
    """An active-backup bond with an address, which asks an IPv6 peer and believes nobody else."""
    lab.peer("ip", "addr", "add", f"{PEER}/64", "dev", "br0", "nodad")
    bondd = lab.bondd("--era", era)
    options: dict[str, Any] = {"arp_interval": "300", "ns_ip6_target": PEER, "arp_validate": "all"}
    bondd.add("bond0", mode="active-backup", **options)
    ip("addr", "add", f"{HOST}/64", "dev", "bond0", "nodad")
    for nic in lab.nics:
        bondd.control.call("enslave", bond="bond0", slave=nic)
    eventually(lambda: links(bondd) == ["up", "up"])
    return bondd


def links(bondd: Daemon) -> list[str]:
    return [slave["link"] for slave in bondd.show()["slaves"]]


@BOTH
def test_a_peer_that_falls_silent_and_answers_again(lab: Lab, monitored: Daemon) -> None:
    """Steps: the peer loses the target address, then has it again. Verify: the bond follows."""
    mac = parse_mac(link("bond0")["address"])
    question = ndisc.solicitation(IPv6Address(HOST), mac, IPv6Address(PEER))
    active = monitored.show()["active"]
    assert lab.listen(f"port{active[-1]}").frames(lambda frame: frame == question, count=3)
    lab.peer("ip", "addr", "del", f"{PEER}/64", "dev", "br0")
    eventually(lambda: monitored.show()["active"] is None)
    eventually(lambda: "NO-CARRIER" in link("bond0")["flags"])
    lab.peer("ip", "addr", "add", f"{PEER}/64", "dev", "br0", "nodad")
    eventually(lambda: links(monitored) == ["up", "up"])
    eventually(lambda: "NO-CARRIER" not in link("bond0")["flags"])


@pytest.mark.parametrize("era", ["6.x"])
def test_the_lines_of_proc(monitored: Daemon) -> None:
    lines = monitored.bondctl("status", "bond0", "--proc").stdout.splitlines()
    assert "ARP IP target/s (n.n.n.n form):" in lines
    assert f"NS IPv6 target/s (xx::xx form): {PEER}" in lines


def path(target: str) -> Any:
    every = Links()
    try:
        found = routes.probe_path(every, link("bond0")["ifindex"], IPv6Address(target))
    finally:
        every.close()
    return None if found is None else (str(found.source), found.vlans)


def test_the_way_to_a_target(lab: Lab, bondd: Daemon) -> None:
    """All but the last two ways as measured on 6.1."""
    bondd.add("bond0", "eth0")
    ip("link", "set", "dev", "eth1", "up")
    assert path(PEER) == ("::", ()), "no route at all"
    ip("addr", "add", "fe80::7/64", "dev", "eth1", "nodad")
    ip("addr", "add", f"{HOST}/64", "dev", "bond0", "nodad")
    ip("addr", "add", "fe80::1/64", "dev", "bond0", "nodad")
    eventually(lambda: path(PEER) == (HOST, ()))
    eventually(lambda: path("fe80::9") == ("fe80::1", ()))
    ip("-6", "route", "flush", "fe80::/64", "dev", "bond0")
    ip("-6", "route", "add", "fe80::/64", "dev", "bond0")
    assert path("fe80::9") == ("fe80::1", ()), "whatever other link-local routes there are"
    ip("route", "add", "fd02::/64", "via", PEER)
    assert path("fd02::1") == (HOST, ()), "behind a gateway"
    ip("addr", "add", "fd03::1/64", "dev", "eth1", "nodad")
    ip("route", "add", "fd04::/64", "dev", "bond0")
    assert path("fd03::9") is None
    ip("route", "add", "unreachable", "fd05::/64")
    assert path("fd05::1") == ("::", ())
    ip("link", "add", "link", "bond0", "name", "mv0", "type", "macvlan")
    ip("link", "set", "dev", "mv0", "up")
    ip("addr", "add", "fd06::1/64", "dev", "mv0", "nodad")
    eventually(lambda: path("fd06::2") == ("fd06::1", ()))
    assert path(HOST) is None, "ourselves"
