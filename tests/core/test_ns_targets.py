"""IPv6 targets of the ARP monitor (`ns_ip6_target`); bytes and verdicts as the driver of 6.1 has them."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from bondimpl.frames import arp, ndisc
from bondimpl.machine import HostIpv6, ProbePath
from bondimpl.monitors.arp_validate import Situation, proved_by, read
from bondimpl.slave import Link
from tests.core.arp_network import OTHER, OTHER_6, OWN_6, PEER, PEER_6, ArpNetwork, advertisement
from tests.core.world import mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
MODES = pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "broadcast"])
NOBODY = IPv6Address("::")

# Two slaves on one segment and one IPv6 target that is dead: what became of the bond.
DEAD = {
    "none": "flaps",
    "active": "flaps",
    "backup": "down",
    "all": "down",
    "filter": "flaps",
    "filter_active": "flaps",
    "filter_backup": "down",
}


def test_the_real_drivers_frames() -> None:
    """As captured: with an address, without one, and in a VLAN (whose tag the capture told beside)."""
    here, vlan = IPv6Address("fd00::1"), IPv6Address("fd07::1")
    assert ndisc.solicitation(here, mac(1), IPv6Address("fd00::2")).hex() == (
        "3333ff00000202000000000186dd6000000000203afffd000000000000000000000000000001"
        "ff0200000000000000000001ff00000287007d9700000000fd0000000000000000000000000000020101020000000001"
    )
    assert ndisc.solicitation(NOBODY, mac(1), IPv6Address("fd00:9::9")).hex() == (
        "3333ff00000902000000000186dd6000000000183aff00000000000000000000000000000000"
        "ff0200000000000000000001ff00000987007d8c00000000fd000009000000000000000000000009"
    )
    tagged = ndisc.solicitation(vlan, mac(1), IPv6Address("fd07::2"), (7,))
    assert tagged.hex() == (
        "3333ff0000020200000000018100000786dd6000000000203afffd070000000000000000000000000001"
        "ff0200000000000000000001ff00000287007d8900000000fd0700000000000000000000000000020101020000000001"
    )


@BOTH
@MODES
def test_answers_keep_slaves_up(mode: str, era_name: str) -> None:
    network = ArpNetwork(mode, shared=mode == "active-backup", era_name=era_name, targets=(PEER_6,))
    network.run(20_000)
    assert (network.links(), network.failures()) == (["up", "up"], [0, 0])
    network.broken |= {"eth0", "eth1"}
    network.run(3000)
    assert not network.world.machine.bond_carrier


@BOTH
@MODES
def test_both_kinds_are_asked_each_interval(mode: str, era_name: str) -> None:
    network = ArpNetwork(mode, shared=True, era_name=era_name, targets=(PEER, OTHER, PEER_6, OTHER_6))
    network.probes()
    network.run(2000)
    asked = [(slave, said.receiver) for slave, frame in network.probes() if (said := read(frame))]
    slaves = ["eth0"] if mode == "active-backup" else ["eth0", "eth1"]
    groups = [ndisc.solicited_node(each) for each in (PEER_6, OTHER_6)]
    assert asked == [(slave, to) for slave in slaves for to in (PEER, OTHER, *groups)] * 10


@BOTH
@pytest.mark.parametrize("word", DEAD)
def test_every_policy(word: str, era_name: str) -> None:
    network = ArpNetwork(
        "active-backup", shared=True, era_name=era_name, targets=(PEER_6,), arp_validate=word
    )
    network.run(5000)
    assert (network.links(), network.failures()) == (["up", "up"], [0, 0])
    network.peers.clear()
    network.run(4000)
    before = sum(network.failures())
    network.run(8000)
    if network.world.active is None:
        verdict = "down"
    else:
        verdict = "flaps" if sum(network.failures()) > before + 3 else "up"
    assert verdict == DEAD[word]


@BOTH
@pytest.mark.parametrize(("noise", "up"), [("ip6", True), ("ip", False)])
def test_what_a_filter_lets_pass(noise: str, up: bool, era_name: str) -> None:
    """Measured: any IPv6 counts beside ARP, with IPv6 targets or without."""
    for targets in ((PEER,), (PEER_6,)):
        network = ArpNetwork(
            "active-backup", era_name=era_name, targets=targets, arp_validate="filter", settle_ms=0
        )
        network.peers.clear()
        network.noise(noise)
        network.run(6000)
        assert (network.failures() == [0, 0]) == up


# Which targets are silent, and whether the bond is up with arp_validate and arp_all_targets both "all".
@BOTH
@pytest.mark.parametrize(
    ("targets", "silent", "up"),
    [
        ((PEER, PEER_6), (), True),
        ((PEER, PEER_6), (PEER_6,), True),
        ((PEER, PEER_6), (PEER,), True),
        ((PEER_6, OTHER_6), (OTHER_6,), True),
        ((PEER_6, OTHER_6), (PEER_6,), False),
        ((PEER, OTHER, PEER_6, OTHER_6), (OTHER, PEER_6), True),
        ((PEER, OTHER, PEER_6), (OTHER,), False),
    ],
)
def test_all_targets(
    targets: tuple[object, ...], silent: tuple[object, ...], up: bool, era_name: str
) -> None:
    """The driver has one time for the nth target of either kind, and waits for as many as ARP has."""
    network = ArpNetwork(
        "active-backup",
        shared=True,
        era_name=era_name,
        targets=targets,  # type: ignore[arg-type]
        arp_validate="all",
        arp_all_targets="all",
    )
    for target in silent:
        del network.peers[target]  # type: ignore[arg-type]
    network.run(5000)
    assert network.world.machine.bond_carrier == up


ANSWER = advertisement(PEER_6, mac(0x80), OWN_6, mac(0))
ECHO = ndisc.solicitation(OWN_6, mac(0), PEER_6)


@pytest.mark.parametrize(
    ("frame", "enabled", "leader_proved", "asked", "proof"),
    [
        (ANSWER, True, False, False, PEER_6),
        (ANSWER, False, True, False, None),
        (ANSWER, False, False, True, PEER_6),
        (ANSWER, False, False, False, None),
        (ECHO, True, False, False, None),
        (ECHO, False, True, False, PEER_6),
        (ECHO, False, False, True, None),
        (ndisc.solicitation(NOBODY, mac(0), PEER_6), False, True, False, None),
        (ndisc.solicitation(OWN_6, mac(0), IPv6Address("fd00::99")), False, True, False, None),
        (ndisc.unsolicited(PEER_6, mac(0x80)), True, False, False, PEER_6),
        (advertisement(OTHER_6, mac(0x80), OWN_6, mac(0)), True, False, False, None),
        (advertisement(PEER_6, mac(0x80), IPv6Address("fd00::77"), mac(0)), True, False, False, None),
        (advertisement(PEER_6, mac(0x80), NOBODY, mac(0)), True, False, False, None),
    ],
)
def test_what_proves_a_slave(
    frame: bytes, enabled: bool, leader_proved: bool, asked: bool, proof: IPv6Address | None
) -> None:
    said = read(frame)
    assert said is not None
    situation = Situation((PEER, PEER_6), (OWN_6,), enabled, leader_proved, asked)
    assert proved_by(said, situation) == proof


@pytest.mark.parametrize("kind", [130, 133, 134, 137])
def test_other_messages_prove_nothing(kind: int) -> None:
    assert read(ANSWER[:54] + bytes([kind]) + ANSWER[55:]) is None


def test_frames_for_others_prove_nothing() -> None:
    network = ArpNetwork("active-backup", slaves=1, targets=(PEER_6,), arp_validate="all")
    network.peers.clear()
    for _ in range(10):
        network.receive("eth0", mac(0x77) + ANSWER[6:])
        network.run(100)
    assert network.world.link("eth0") is not Link.UP


@pytest.mark.parametrize(
    ("era_name", "path", "source"),
    [
        ("6.x", ProbePath(OTHER_6), OTHER_6),
        ("6.x", ProbePath(NOBODY), NOBODY),
        ("6.x", None, None),
        ("howto", ProbePath(OTHER_6), OTHER_6),
        ("howto", ProbePath(NOBODY), OWN_6),
        ("howto", None, OWN_6),
    ],
)
def test_the_senders_address(era_name: str, path: ProbePath | None, source: IPv6Address | None) -> None:
    network = ArpNetwork("active-backup", era_name=era_name, targets=(PEER, PEER_6))
    network.world.machine.paths[PEER_6] = path
    network.probes()
    network.run(200)
    probes = [found for _, frame in network.probes() if (found := ndisc.decode(frame))]
    assert [found.sender for found in probes] == ([] if source is None else [source])


@BOTH
def test_a_target_that_comes_late_has_its_time(era_name: str) -> None:
    """Changing the list of a live bond fails no slave."""
    network = ArpNetwork("active-backup", shared=True, era_name=era_name, arp_validate="all")
    network.peers[PEER_6] = mac(0x90)
    network.world.bond.set_option("ns_ip6_target", f"+{PEER_6}")
    network.world.bond.set_option("arp_ip_target", f"-{PEER}")
    network.run(5000)
    assert (network.links(), network.failures()) == (["up", "up"], [0, 0])
    assert {arp.decode(frame) for _, frame in network.probes()[-4:]} == {None}


def test_ipv6_targets_alone_run_the_monitor() -> None:
    network = ArpNetwork("active-backup", era_name="howto", targets=(PEER_6,), shared=True)
    network.world.machine.ipv6_addresses = (HostIpv6(OWN_6),)
    assert network.world.bond.options.arp_interval == 200
    network.broken.add("eth0")
    network.run(1000)
    assert network.world.active == "eth1"
