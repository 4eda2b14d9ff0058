"""Every interface is given back as it was: at release, at exit, after an error, after a kill."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bondimpl.errors import MachineError
from bondimpl.runtime.journal import Journal, Original
from bondimpl.runtime.links import Links
from bondimpl.runtime.shield import Built, Shield, Way
from bondimpl.runtime.takeover import Takeover
from tests.runtime.lab import Daemon, Lab, eventually, exists, ip, link, run, state

pytestmark = pytest.mark.root

NICS = ("eth0", "eth1")


@pytest.fixture
def before(lab: Lab) -> dict[str, Any]:
    """State of the NICs, with addresses and MTUs that are not the usual ones."""
    ip("link", "set", "dev", "eth0", "address", "00:00:5e:00:53:0a", "mtu", "1400")
    ip("link", "set", "dev", "eth1", "address", "00:00:5e:00:53:0b", "mtu", "2000")
    return {nic: state(nic) for nic in NICS}


def _now() -> dict[str, Any]:
    return {nic: state(nic) for nic in NICS}


def _enslave_both(bondd: Daemon) -> None:
    bondd.add("bond0", *NICS, mode="active-backup", miimon="100")
    assert all(shown["up"] and shown["mtu"] == 1500 and shown["tc"] for shown in _now().values())
    assert state("eth0")["mac"] == state("eth1")["mac"]


def _left_behind(lab: Lab) -> list[str]:
    return [path.name for path in lab.directory.iterdir() if path.name != "stderr"]


def test_release(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    for nic in NICS:
        bondd.control.call("release", bond="bond0", slave=nic)
    assert _now() == before
    assert not _journals(lab)


def test_delete(before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    bondd.control.call("delete", bond="bond0")
    assert _now() == before
    assert not exists("bond0")


def _journals(lab: Lab) -> list[Path]:
    return list(lab.directory.glob("*.journal*"))


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal(lab: Lab, before: dict[str, Any], bondd: Daemon, which: int) -> None:
    _enslave_both(bondd)
    assert bondd.stop(which) == 0
    assert _now() == before
    assert not exists("bond0")
    assert _left_behind(lab) == []


def test_signal_at_once(lab: Lab) -> None:
    """Steps: a signal in the very moment in which bondd says that it listens. Verify: it ends."""
    command = (sys.executable, "-m", "bondimpl.cli.bondd", "--socket", str(lab.directory / "bondd.sock"))
    for _ in range(5):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "listening" in process.stderr.readline()
            process.terminate()
            assert process.wait(timeout=10) == 0


BROKEN_COMMAND = """
import sys
from bondimpl.cli import bondd
from bondimpl.runtime import commands
def fail(bonds, fields):
    raise SystemExit("broken on purpose")
commands._COMMANDS["list"] = commands._Command(fail)
sys.exit(bondd.main())
"""

BROKEN_CORE = """
import sys
from bondimpl.bond import Bond
from bondimpl.cli import bondd
from bondimpl.runtime import commands
def fail(bond, name):
    raise RuntimeError("broken on purpose")
Bond.release = fail
commands._COMMANDS["list"] = commands._Command(fail)
sys.exit(bondd.main())
"""


@pytest.mark.parametrize("script", [BROKEN_COMMAND, BROKEN_CORE])
def test_error_in_the_daemon(lab: Lab, before: dict[str, Any], tmp_path: Path, script: str) -> None:
    """Steps: bondd fails while it runs, or while it gives back. Verify: a status, and all given back."""
    broken = tmp_path / "broken.py"
    broken.write_text(script)
    bondd = lab.bondd(program=(str(broken),))
    _enslave_both(bondd)
    if script is BROKEN_COMMAND:
        assert bondd.tool("bondctl", "list").returncode == 1
    assert bondd.stop() == 1
    broken.unlink()
    assert _now() == before
    assert not exists("bond0")
    assert _left_behind(lab) == []


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
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    assert not exists("bond0")
    assert _now() != before
    (journal,) = _journals(lab)
    assert {"bondd.sock", journal.name, "bondd.sock.lock"} == set(_left_behind(lab))
    successor = lab.bondd()
    assert _now() == before
    for nic in NICS:
        assert f"{nic}: slave of a bondd that was killed; restored" in successor.errors()
    assert not _journals(lab)
    _enslave_both(successor)
    successor.stop()
    assert _now() == before


def test_killed_daemon_whose_nic_has_gone_since(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    ip("link", "del", "dev", "eth0")
    successor = lab.bondd()
    assert state("eth1") == before["eth1"]
    assert "eth0: slave of a bondd that was killed; gone since" in successor.errors()


def test_killed_daemon_whose_nic_was_renamed_since(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
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
    (path,) = _journals(lab)
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
    _enslave_both(successor)
    successor.stop()
    assert _now() == before


def test_journal_of_another_boot_means_nothing(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    (path,) = _journals(lab)
    data = json.loads(path.read_text())
    bondd.stop()
    path.write_text(json.dumps(data | {"world": "another"}))
    bondd = lab.bondd()
    assert _now() == before
    assert "killed" not in bondd.errors()
    _enslave_both(bondd)
    bondd.stop()
    assert _now() == before


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
    as_found = _now()
    bondd = lab.bondd()
    assert _now() == as_found
    for nic in NICS:
        assert f"{nic}: slave of a bondd that was killed; not ours any more, left alone" in bondd.errors()
    assert not _journals(lab)


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
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    for nic in NICS:
        run("tc", "qdisc", "del", "dev", nic, "clsact")
    lab.bondd()
    assert state("eth1") == before["eth1"]


def test_kill_while_the_slaves_of_a_killed_daemon_are_restored(
    lab: Lab, before: dict[str, Any], bondd: Daemon
) -> None:
    _enslave_both(bondd)
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
    assert _now() == before


def test_what_cannot_be_restored_is_kept(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: an MTU that is refused. Verify: the other is restored; the journal and the next start know."""
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    (path,) = _journals(lab)
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
    assert _now() == before


def test_each_network_namespace_has_its_own_journal(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: a daemon is killed here; one with the same socket takes a slave in another namespace."""
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    theirs = Original(77, "port7", "00:00:5e:00:53:07", 1500, up=True, ipv6_off=False)
    lab.at_peer(lambda: Journal(bondd.socket).note(theirs))
    assert len(_journals(lab)) == 2
    lab.bondd()
    assert _now() == before
    assert lab.at_peer(lambda: Journal(bondd.socket).load(print)) == [theirs]


def test_what_is_no_socket_is_not_removed(lab: Lab, bondd: Daemon) -> None:
    bondd.socket.unlink()
    bondd.socket.write_text("precious")
    assert bondd.stop() == 0
    assert bondd.socket.read_text() == "precious"
    refused = bondd.tool("bondd")
    assert refused.returncode == 1
    assert refused.stderr == f"bondd: cannot listen at {bondd.socket}: it exists and is not a socket\n"
    assert bondd.socket.read_text() == "precious"


def test_users_own_tc_filters_stay(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    run("tc", "qdisc", "add", "dev", "eth0", "clsact")
    program = ("bpf", "bytecode", "1,6 0 0 0", "direct-action")
    run("tc", "filter", "add", "dev", "eth0", "ingress", "pref", "7", *program)
    with_filter = state("eth0")
    bondd.add("bond0", "eth0", mode="active-backup")
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert state("eth0") == with_filter


def test_ipv6_that_was_off_stays_off(lab: Lab, bondd: Daemon) -> None:
    switch = Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
    switch.write_text("1")
    bondd.add("bond0", "eth0", mode="active-backup")
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert switch.read_text() == "1\n"


def test_refused_slave_is_left_alone(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: the bond's MTU is more than the second slave can. Verify: nothing of it has changed."""
    ip("tuntap", "add", "dev", "short0", "mode", "tap")
    try:
        # Another daemon's shield makes attaching fail; a MTU it cannot have makes a later step fail.
        bondd.add("bond0", "eth0", mode="active-backup")
        ip("link", "set", "dev", "bond0", "mtu", "65521")
        eventually(lambda: state("eth0")["mtu"] == 65521)
        lowered = state("short0")
        run("tc", "qdisc", "add", "dev", "eth1", "clsact")
        foreign = ("handle", "0xb0d", "bpf", "bytecode", "1,6 0 0 2", "direct-action")
        run("tc", "filter", "add", "dev", "eth1", "ingress", "pref", "1", "protocol", "all", *foreign)
        held = state("eth1")
        refused = bondd.bondctl("enslave", "bond0", "eth1")
        assert refused.returncode == 1
        assert refused.stderr == "bondctl: eth1: another bondd holds this interface\n"
        assert state("eth1") == held
        assert state("short0") == lowered
        assert "eth1" not in _journals(lab)[0].read_text()
    finally:
        ip("link", "del", "dev", "short0")


def test_second_daemon_on_a_socket_is_refused(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    second = bondd.tool("bondd")
    assert second.returncode == 1
    assert second.stderr == f"bondd: a bondd is listening at {bondd.socket} already\n"
    assert bondd.show()["active"] == "eth0"
