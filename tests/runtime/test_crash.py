"""What a killed bondd leaves, and the next one makes good: the journal, and the marks on NICs."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
from typing import Any

import pytest

from bondimpl.errors import MachineError
from bondimpl.runtime.journal import Journal, Original
from bondimpl.runtime.links import Links
from bondimpl.runtime.shield import Built, Shield, Way
from bondimpl.runtime.takeover import Takeover
from tests.runtime.lab import Daemon, Lab, exists, ip, link, run, state
from tests.runtime.taken import NICS, enslave_both, journals, left_behind, now

pytestmark = pytest.mark.root


def test_interface_that_was_up_is_up_again_after_a_kill(lab: Lab) -> None:
    """Steps: a journal that tells of an interface that was up, as a future driver might take one over."""
    before = state("eth0")
    shown = link("eth0")
    journal = Journal(lab.directory / "bondd.sock")
    original = Original(shown["ifindex"], "eth0", "00:00:5e:00:53:07", 1300, up=True, ipv6_off=False)
    shield = Shield()
    shield.put_up(
        original.index, "eth0", lambda built: journal.note(dataclasses.replace(original, shield=built))
    )
    shield.close()
    lab.bondd()
    assert state("eth0") == before | {"mac": "00:00:5e:00:53:07", "mtu": 1300, "up": True}


def test_killed_daemon_is_made_good_by_the_next(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    assert not exists("bond0")
    assert now() != before
    (journal,) = journals(lab)
    assert {"bondd.sock", journal.name, "bondd.sock.lock"} == set(left_behind(lab))
    successor = lab.bondd()
    assert now() == before
    for nic in NICS:
        assert f"{nic}: slave of a bondd that was killed; restored" in successor.errors()
    assert not journals(lab)
    enslave_both(successor)
    successor.stop()
    assert now() == before


def test_killed_daemon_whose_nic_has_gone_since(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    ip("link", "del", "dev", "eth0")
    successor = lab.bondd()
    assert state("eth1") == before["eth1"]
    assert "eth0: slave of a bondd that was killed; gone since" in successor.errors()


def test_killed_daemon_whose_nic_was_renamed_since(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    ip("link", "set", "dev", "eth1", "down")
    ip("link", "set", "dev", "eth1", "name", "lan1")
    try:
        lab.bondd()
        assert state("lan1") == before["eth1"]
    finally:
        ip("link", "del", "dev", "lan1")


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("", None),
        ("{", None),
        ("[]", None),
        ('{"slaves": 1}', None),
        ("\0\xff", None),
        (None, ("mac", "no address")),
        (None, ("index", "2")),
        (None, ("mtu", None)),
        (None, ("shield", [])),
        (None, ("colour", "red")),
    ],
)
def test_journal_that_cannot_be_read_is_said_and_kept(
    lab: Lab, before: dict[str, Any], bondd: Daemon, text: str | None, damage: tuple[str, Any] | None
) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    (path,) = journals(lab)
    if damage is not None:
        data = json.loads(path.read_text())
        data["slaves"][0][damage[0]] = damage[1]
        text = json.dumps(data)
    bondd.control.call("delete", bond="bond0")
    bondd.stop()
    assert text is not None
    path.write_text(text)
    successor = lab.bondd()
    assert f"journal {path} cannot be read" in successor.errors()
    assert path.with_name(path.name + ".unreadable").read_text() == text
    enslave_both(successor)
    successor.stop()
    assert now() == before


def test_journal_of_another_boot_means_nothing(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    (path,) = journals(lab)
    data = json.loads(path.read_text())
    bondd.stop()
    path.write_text(json.dumps(data | {"world": "another"}))
    bondd = lab.bondd()
    assert now() == before
    assert "killed" not in bondd.errors()
    enslave_both(bondd)
    bondd.stop()
    assert now() == before


@pytest.mark.parametrize("ways", [("bpf",), ("nft",)])
def test_stale_journal_leaves_foreign_interfaces_alone(
    lab: Lab, before: dict[str, Any], ways: tuple[Way, ...]
) -> None:
    """Steps: a journal tells of slaves that are none any more. Verify: nothing is done to them."""
    journal = Journal(lab.directory / "bondd.sock")
    for nic in NICS:
        index = link(nic)["ifindex"]
        built = Built(ways[0], makes_qdisc=ways == ("bpf",))
        journal.note(
            Original(index, nic, "00:00:5e:00:53:07", 1300, True, False, built, given_mac="00:00:5e:00:53:08")
        )
    # Somebody's own clsact and filter are no mark of ours.
    run("tc", "qdisc", "add", "dev", "eth1", "clsact")
    program = ("bpf", "bytecode", "1,6 0 0 0", "direct-action")
    run("tc", "filter", "add", "dev", "eth1", "ingress", "pref", "7", *program)
    as_found = now()
    bondd = lab.bondd()
    assert now() == as_found
    for nic in NICS:
        assert f"{nic}: slave of a bondd that was killed; not ours any more, left alone" in bondd.errors()
    assert not journals(lab)


@pytest.mark.parametrize("ways", [("bpf",), ("nft",)])
def test_shield_is_a_mark(lab: Lab, ways: tuple[Way, ...]) -> None:
    shield, index = Shield(ways), link("eth0")["ifindex"]
    built = Built(ways[0])
    assert not shield.is_up(index, "eth0", built)
    built = shield.put_up(index, "eth0", lambda _: None)
    assert shield.is_up(index, "eth0", built)
    assert not shield.is_up(link("eth1")["ifindex"], "eth1", built)
    noted: list[Built] = []
    with pytest.raises(MachineError, match="another bondd holds"):
        shield.put_up(index, "eth0", noted.append)
    assert noted == []
    shield.take_down(index, "eth0", built)
    assert not shield.is_up(index, "eth0", built)
    shield.close()


def test_given_address_is_a_mark(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: somebody removes the shields after a kill. Verify: what wears the bond's address is restored."""
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    for nic in NICS:
        run("tc", "qdisc", "del", "dev", nic, "clsact")
    lab.bondd()
    assert state("eth1") == before["eth1"]


def test_kill_while_the_slaves_of_a_killed_daemon_are_restored(
    lab: Lab, before: dict[str, Any], bondd: Daemon
) -> None:
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)

    def die(_line: str) -> None:
        raise KeyboardInterrupt

    with (
        contextlib.closing(Links()) as links,
        contextlib.closing(Shield()) as shield,
        pytest.raises(KeyboardInterrupt),
    ):
        Takeover(links, shield, Journal(bondd.socket)).repair(die)
    assert len([nic for nic in NICS if state(nic) == before[nic]]) == 1
    lab.bondd()
    assert now() == before


def test_what_cannot_be_restored_is_kept(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: an MTU that is refused. Verify: the other is restored; the journal and the next start know."""
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    (path,) = journals(lab)
    good = path.read_text()
    path.write_text(good.replace('"mtu": 1400', '"mtu": 70000'))
    successor = lab.bondd()
    assert "eth0: slave of a bondd that was killed; not restored: eth0: cannot set MTU" in successor.errors()
    assert state("eth1") == before["eth1"]
    successor.add("bond0", "eth1", mode="active-backup")
    refused = successor.bondctl("enslave", "bond0", "eth0")
    assert refused.stderr == "bondctl: eth0: it could not be given back earlier; restart bondd to try again\n"
    successor.control.call("delete", bond="bond0")
    successor.stop()
    assert "eth0" in path.read_text()
    path.write_text(path.read_text().replace('"mtu": 70000', '"mtu": 1400'))
    lab.bondd()
    assert now() == before


def test_each_network_namespace_has_its_own_journal(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: a daemon is killed here; one with the same socket takes a slave in another namespace."""
    enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    theirs = Original(77, "port7", "00:00:5e:00:53:07", 1500, up=True, ipv6_off=False)
    lab.at_peer(lambda: Journal(bondd.socket).note(theirs))
    assert len(journals(lab)) == 2
    lab.bondd()
    assert now() == before
    assert lab.at_peer(lambda: Journal(bondd.socket).load(print)) == [theirs]
