"""Which received frames prove that a slave works (`arp_validate`, `arp_all_targets`); measured on 6.1."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Address

import pytest

from bondimpl.forwarding import Punt
from bondimpl.frames import arp, ethernet
from bondimpl.monitors.arp_validate import Situation, Validation, Word, proved_by, read
from bondimpl.slave import Link
from tests.core.arp_network import OTHER, OWN, PEER, STRANGER, ArpNetwork
from tests.core.world import mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
WORDS = ["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"]

# Two slaves on one segment, the target dead, another host broadcasting: what became of the bond after 8 s.
NOISE = {
    ("none", "arp"): "up",
    ("none", "ip"): "up",
    ("active", "arp"): "flaps",
    ("active", "ip"): "flaps",
    ("backup", "arp"): "up",
    ("backup", "ip"): "up",
    ("all", "arp"): "down",
    ("all", "ip"): "down",
    ("filter", "arp"): "up",
    ("filter", "ip"): "flaps",
    ("filter_active", "arp"): "flaps",
    ("filter_active", "ip"): "flaps",
    ("filter_backup", "arp"): "up",
    ("filter_backup", "ip"): "down",
}


@BOTH
@pytest.mark.parametrize(("word", "noise"), NOISE)
def test_noise_without_a_target(word: str, noise: str, era_name: str) -> None:
    network = ArpNetwork("active-backup", shared=True, era_name=era_name, settle_ms=0, arp_validate=word)
    network.peers.clear()
    network.noise(noise)
    network.run(4000)
    before = sum(network.failures())
    network.run(8000)
    if network.world.active is None:
        verdict = "down"
    else:
        verdict = "flaps" if sum(network.failures()) > before + 3 else "up"
    assert verdict == NOISE[word, noise]


@BOTH
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "broadcast"])
def test_answers_are_good_under_every_policy(mode: str, word: str, era_name: str) -> None:
    # All slaves have one address: on one segment, the switch would give all answers to the last that asked.
    shared = mode == "active-backup"
    network = ArpNetwork(mode, shared=shared, era_name=era_name, arp_validate=word)
    network.run(10_000)
    assert (network.links(), network.failures()) == (["up", "up"], [0, 0])


@pytest.mark.parametrize("word", WORDS)
def test_arp_is_asked_for_only_while_it_is_needed(word: str) -> None:
    network = ArpNetwork("active-backup", shared=True, arp_validate=word)
    six = (Punt(ethernet.ETHERTYPE_IPV6, from_host=False),) if word.startswith("filter") else ()
    wanted = () if word == "none" else (Punt(ethernet.ETHERTYPE_ARP, from_host=False), *six)
    assert network.world.plan.punt == wanted
    network.world.bond.set_option("arp_interval", "0")
    assert network.world.plan.punt == ()
    network.world.bond.set_option("arp_interval", "200")
    network.world.bond.set_option("arp_validate", "none")
    assert network.world.plan.punt == ()


@pytest.mark.parametrize("word", WORDS)
def test_the_host_gets_the_frames_all_the_same(word: str) -> None:
    network = ArpNetwork("active-backup", arp_validate=word)
    answer = arp.request(PEER, mac(0x80), OWN)
    assert network.world.bond.frame_from_slave("eth0", answer) is False
    assert network.world.bond.frame_from_slave("eth0", b"\xff" * 60) is False


@BOTH
def test_tagged_answers_count(era_name: str) -> None:
    network = ArpNetwork("active-backup", slaves=1, era_name=era_name, arp_validate="all")
    network.peers.clear()
    tagged = arp.request(PEER, mac(0x80), OWN, (10,))
    for _ in range(50):
        network.receive("eth0", tagged)
        network.run(100)
    assert network.failures() == [0]


@BOTH
def test_isolated_backups_prove_themselves_in_their_turn(era_name: str) -> None:
    network = ArpNetwork("active-backup", era_name=era_name, arp_validate="all")
    assert network.links() == ["up", "down"]
    network.broken.add("eth0")
    assert network.world.until(lambda: network.world.active == "eth1", 2000) <= 1000
    network.broken.clear()
    network.run(3000)
    assert network.links() == ["down", "up"]


@BOTH
def test_load_balancing_slaves_that_are_all_down_stay_so_when_validated(era_name: str) -> None:
    """Measured: a slave that is down has to hear our own question, once another that is up had its answer."""
    network = ArpNetwork("balance-rr", era_name=era_name, arp_validate="all")
    network.broken |= {"eth0", "eth1"}
    network.run(2000)
    network.broken.clear()
    network.run(5000)
    assert network.links() == ["down", "down"]


# Two targets, one of them dead, on one segment.
@BOTH
@pytest.mark.parametrize(
    ("mode", "word", "all_targets", "up"),
    [
        ("active-backup", "all", "any", True),
        ("active-backup", "all", "all", False),
        ("active-backup", "none", "any", True),
        ("active-backup", "none", "all", False),
        ("balance-rr", "all", "all", True),
        ("balance-rr", "none", "all", True),
    ],
)
def test_all_targets(mode: str, word: str, all_targets: str, up: bool, era_name: str) -> None:
    network = ArpNetwork(
        mode,
        shared=True,
        era_name=era_name,
        targets=(PEER, OTHER),
        arp_validate=word,
        arp_all_targets=all_targets,
    )
    del network.peers[OTHER]
    network.run(5000)
    assert network.world.machine.bond_carrier == up
    network.peers[OTHER] = mac(0x81)
    network.run(5000)
    # Without validation nothing ever proves a target: measured, the slaves stay down.
    assert network.world.machine.bond_carrier == (up or word == "all")


def word(sender: IPv4Address, target: IPv4Address, *, reply: bool) -> Word:
    answer, question = arp.reply(sender, mac(0x80), target, mac(0)), arp.request(sender, mac(0x80), target)
    said = read(answer if reply else question)
    assert said is not None
    return said


ANSWER, ECHO = (PEER, OWN), (OWN, PEER)


@pytest.mark.parametrize(
    ("enabled", "leader_proved", "asked", "pair", "reply", "proof"),
    [
        (True, False, False, ANSWER, True, PEER),
        (True, False, False, ANSWER, False, PEER),
        (True, False, False, ECHO, False, None),
        (True, True, True, ECHO, False, None),
        (False, True, False, ECHO, False, PEER),
        (False, True, False, ANSWER, True, None),
        (False, False, True, ANSWER, True, PEER),
        (False, False, True, ANSWER, False, None),
        (False, False, False, ANSWER, True, None),
        (True, False, False, (STRANGER, OWN), True, None),
        (True, False, False, (PEER, STRANGER), True, None),
    ],
)
def test_what_proves_a_slave(
    enabled: bool,
    leader_proved: bool,
    asked: bool,
    pair: tuple[IPv4Address, IPv4Address],
    reply: bool,
    proof: IPv4Address | None,
) -> None:
    situation = Situation((PEER, OTHER), (OWN,), enabled, leader_proved, asked)
    assert proved_by(word(*pair, reply=reply), situation) == proof


def test_a_bond_without_address_is_asked_for_by_no_address() -> None:
    nobody = IPv4Address(0)
    situation = Situation((PEER,), (), enabled=True, leader_proved=False, asked=False)
    assert proved_by(word(PEER, nobody, reply=True), situation) == PEER
    assert proved_by(word(PEER, OWN, reply=True), situation) is None


def test_frames_for_others_prove_nothing() -> None:
    network = ArpNetwork("active-backup", slaves=1, arp_validate="all")
    network.peers.clear()
    answer = arp.request(PEER, mac(0x80), OWN)
    for _ in range(10):
        network.receive("eth0", mac(0x77) + answer[6:])
        network.run(100)
    assert network.world.link("eth0") is not Link.UP


@pytest.mark.parametrize(
    ("word", "enabled", "disabled", "arp_only"),
    [
        ("none", False, False, False),
        ("active", True, False, False),
        ("backup", False, True, False),
        ("all", True, True, False),
        ("filter", False, False, True),
        ("filter_active", True, False, True),
        ("filter_backup", False, True, True),
    ],
)
def test_the_words(word: str, enabled: bool, disabled: bool, arp_only: bool) -> None:
    validation = Validation(word)
    assert [validation.checks(enabled=e) for e in (True, False)] == [enabled, disabled]
    assert validation.arp_only == arp_only


def test_words_and_situations_are_all_covered() -> None:
    assert set(NOISE) == set(itertools.product(WORDS, ("arp", "ip")))


@BOTH
@pytest.mark.parametrize("word", ["active", "all"])
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
def test_a_switch_that_answers_on_one_port_fails_the_others(mode: str, word: str, era_name: str) -> None:
    """HOWTO section 2, arp_interval: all replies on the same link. Without validation probes would do."""
    network = ArpNetwork(mode, shared=True, era_name=era_name, arp_validate=word)
    network.run(4000)
    assert [count > 0 for count in network.failures()] == [True, False]
