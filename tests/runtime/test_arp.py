"""The ARP monitor through the daemon: real probes, a peer that answers or does not, the kernel's routes."""

from __future__ import annotations

import time
from ipaddress import IPv4Address
from typing import Any

import pytest

from bondimpl.frames import arp
from bondimpl.runtime import routes
from bondimpl.runtime.links import Links
from tests.runtime.lab import Daemon, Lab, Wiretap, eventually, ip, link, run

pytestmark = pytest.mark.root

HOST, PEER = "10.0.0.1", "10.0.0.2"
INTERVAL_S = 0.1
BOTH = pytest.mark.parametrize("era", ["howto", "6.x"])


def is_probe(frame: bytes) -> bool:
    packet = arp.decode(frame)
    return packet is not None and (str(packet.sender), str(packet.target)) == (HOST, PEER)


def monitored(lab: Lab, mode: str, era: str = "howto", **options: str) -> Daemon:
    """A bond with an address whose ARP monitor asks the peer."""
    lab.peer("ip", "addr", "add", f"{PEER}/24", "dev", "br0")
    bondd = lab.bondd("--era", era)
    given: dict[str, Any] = {"mode": mode, "arp_interval": "100", "arp_ip_target": PEER, **options}
    bondd.add("bond0", **given)
    ip("addr", "add", f"{HOST}/24", "dev", "bond0")
    for nic in lab.nics:
        bondd.control.call("enslave", bond="bond0", slave=nic)
    eventually(lambda: links(bondd) == ["up", "up"])
    return bondd


def heard(wire: Wiretap, duration_s: float) -> list[bytes]:
    """What comes in that time."""
    frames, end = [], time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0:
        wire.socket.settimeout(left)
        try:
            frames.append(wire.socket.recv(2048))
        except TimeoutError:
            break
    return frames


def links(bondd: Daemon) -> list[str]:
    return [slave["link"] for slave in bondd.show()["slaves"]]


def failures(bondd: Daemon) -> list[int]:
    return [slave["failures"] for slave in bondd.show()["slaves"]]


def answers(lab: Lab, given: bool) -> None:
    """Whether the peer's ARP answers get out of it."""
    if given:
        lab.peer("nft", "delete", "table", "arp", "mute")
    else:
        chain = "chain out { type filter hook output priority 0; arp operation reply drop; }"
        lab.peer("nft", "-f", "-", text=f"table arp mute {{\n{chain}\n}}")


@BOTH
def test_probes_leave_once_an_interval(lab: Lab, era: str) -> None:
    bondd = monitored(lab, "active-backup", era)
    wires = {name: lab.listen(f"port{number}") for number, name in enumerate(lab.nics)}
    probes = [frame for frame in heard(wires[bondd.show()["active"]], 20.5 * INTERVAL_S) if is_probe(frame)]
    assert len(probes) == pytest.approx(20, abs=2)
    mac = bytes.fromhex(link("bond0")["address"].replace(":", ""))
    assert {frame[:14] for frame in probes} == {b"\xff" * 6 + mac + b"\x08\x06"}
    assert {frame[28:42].hex() for frame in probes} == {"0a000001" + "00" * 6 + "0a000002"}
    assert failures(bondd) == [0, 0] or era == "6.x"


@BOTH
@pytest.mark.parametrize("mode", ["active-backup", "balance-rr"])
def test_a_silent_cable_is_noticed_and_its_return_too(lab: Lab, mode: str, era: str) -> None:
    """Steps: a port swallows everything, carrier kept; then it passes frames again."""
    bondd = monitored(lab, mode, era)
    before = failures(bondd)
    chain = "chain {0} {{ type filter hook {0} device port0 priority 0; policy drop; }}"
    rules = "\n".join(chain.format(way) for way in ("ingress", "egress"))
    lab.peer("nft", "-f", "-", text=f"table netdev hole {{\n{rules}\n}}")
    eventually(lambda: links(bondd)[0] == "down")
    assert link("eth0")["operstate"] == "UP"
    assert failures(bondd) == [before[0] + 1, before[1]]
    assert run("ping", "-c", "2", "-W", "1", PEER, check=False).returncode == 0
    lab.peer("nft", "delete", "table", "netdev", "hole")
    eventually(lambda: links(bondd) == ["up", "up"])


@BOTH
def test_a_target_that_falls_silent_takes_the_bond_down(lab: Lab, era: str) -> None:
    """With validation, for on one segment the backup would hear the active slave's probes."""
    bondd = monitored(lab, "active-backup", era, arp_validate="all")
    answers(lab, given=False)
    eventually(lambda: bondd.show()["active"] is None)
    eventually(lambda: "NO-CARRIER" in link("bond0")["flags"])
    states: set[tuple[str, ...]] = set()

    def rotates() -> bool:
        states.add(tuple(links(bondd)))
        return {("back", "fail"), ("fail", "back")} <= states

    counts = failures(bondd)
    eventually(rotates)
    assert failures(bondd) == counts
    answers(lab, given=True)
    eventually(lambda: bondd.show()["active"] is not None)
    eventually(lambda: "NO-CARRIER" not in link("bond0")["flags"])
    eventually(lambda: run("ping", "-c", "1", "-W", "1", PEER, check=False).returncode == 0)


def test_other_traffic_keeps_slaves_up(lab: Lab) -> None:
    bondd = monitored(lab, "balance-rr")
    before = failures(bondd)
    answers(lab, given=False)
    wires = [lab.listen(f"port{number}") for number in (0, 1)]
    stranger = b"\xff" * 6 + bytes.fromhex("020000000099") + b"\x88\xb5" + bytes(46)
    for _ in range(30):
        for wire in wires:
            wire.send(stranger)
        heard(wires[0], INTERVAL_S / 2)
    assert (links(bondd), failures(bondd)) == (["up", "up"], before)


def test_answers_in_a_vlan_without_help_of_the_kernel(lab: Lab) -> None:
    """A tagged answer, made in-band, is one for the validating monitor."""
    bondd = lab.bondd()
    bondd.add(
        "bond0", "eth0", mode="active-backup", arp_interval="100", arp_ip_target=PEER, arp_validate="all"
    )
    ip("addr", "add", f"{HOST}/24", "dev", "bond0")
    wire = lab.listen("port0")
    answer = arp.request(IPv4Address(PEER), bytes.fromhex("020000000099"), IPv4Address(HOST), (10,))
    eventually(lambda: bondd.show()["active"] is None)

    def answered() -> bool:
        wire.send(answer)
        return bool(bondd.show()["active"] == "eth0")

    eventually(answered)


def path(target: str) -> Any:
    every = Links()
    try:
        found = routes.probe_path(every, link("bond0")["ifindex"], IPv4Address(target))
    finally:
        every.close()
    return None if found is None else (str(found.source), found.vlans)


def test_the_way_to_a_target(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0")
    ip("link", "set", "dev", "eth1", "up")
    assert path(PEER) == ("0.0.0.0", ()), "no route at all"
    ip("addr", "add", "10.9.0.1/16", "dev", "bond0")
    ip("addr", "add", f"{HOST}/24", "dev", "bond0")
    ip("addr", "add", "10.0.0.9/24", "dev", "bond0")
    assert path(PEER) == (HOST, ())
    assert path("10.9.7.7") == ("10.9.0.1", ())
    ip("route", "add", "10.1.0.0/16", "dev", "bond0")
    assert path("10.1.0.1") == ("0.0.0.0", ()), "on the link, but in nobody's network"
    ip("route", "add", "10.2.0.0/16", "via", PEER)
    assert path("10.2.0.1") == ("0.0.0.0", ()), "behind a gateway"
    ip("route", "add", "10.3.0.0/16", "dev", "eth1")
    assert path("10.3.0.1") is None
    ip("route", "add", f"{PEER}/32", "dev", "eth1")
    assert path(PEER) is None, "a slave's route supersedes the bond's (section 9.1)"
    assert path(HOST) is None, "ourselves"
    ip("route", "add", "unreachable", "10.4.0.0/16")
    assert path("10.4.0.1") == ("0.0.0.0", ())


def test_the_way_through_devices_over_the_bond(lab: Lab, bondd: Daemon, bridge: str) -> None:
    bondd.add("bond0", "eth0")
    ip("link", "add", "link", "bond0", "name", "mv0", "type", "macvlan")
    ip("addr", "add", "10.5.0.1/24", "dev", "mv0")
    ip("link", "set", "dev", "mv0", "up")
    assert path("10.5.0.2") == ("10.5.0.1", ())
    ip("link", "del", "dev", "mv0")
    ip("link", "set", "dev", "bond0", "master", bridge)
    ip("addr", "add", "10.6.0.1/24", "dev", bridge)
    ip("link", "set", "dev", bridge, "up")
    assert path("10.6.0.2") == ("10.6.0.1", ())
