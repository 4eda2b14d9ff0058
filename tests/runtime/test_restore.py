"""Every interface is given back as it was: at release, at exit, after an error, after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bondimpl.runtime.journal import Journal, Original
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
    assert "bondd.sock.journal" not in _left_behind(lab)


def test_delete(before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    bondd.control.call("delete", bond="bond0")
    assert _now() == before
    assert not exists("bond0")


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
    journal = Journal(lab.directory / "bondd.sock.journal")
    journal.note(Original(shown["ifindex"], "eth0", "00:00:5e:00:53:07", 1300, up=True, ipv6_off=False))
    lab.bondd()
    assert state("eth0") == before | {"mac": "00:00:5e:00:53:07", "mtu": 1300, "up": True}


def test_killed_daemon_is_made_good_by_the_next(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    _enslave_both(bondd)
    bondd.stop(signal.SIGKILL)
    assert not exists("bond0")
    assert _now() != before
    assert {"bondd.sock", "bondd.sock.journal", "bondd.sock.lock"} == set(_left_behind(lab))
    successor = lab.bondd()
    assert _now() == before
    for nic in NICS:
        assert f"{nic}: slave of a bondd that was killed; restored" in successor.errors()
    assert "bondd.sock.journal" not in _left_behind(lab)
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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"world": "another", "slaves": [{}]}', '{"slaves": 1}'])
def test_journal_that_cannot_be_used_does_not_stop_a_start(
    lab: Lab, before: dict[str, Any], text: str
) -> None:
    (lab.directory / "bondd.sock.journal").write_text(text)
    bondd = lab.bondd()
    _enslave_both(bondd)
    bondd.stop()
    assert _now() == before


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
        assert "eth1" not in (lab.directory / "bondd.sock.journal").read_text()
    finally:
        ip("link", "del", "dev", "short0")


def test_second_daemon_on_a_socket_is_refused(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    second = bondd.tool("bondd")
    assert second.returncode == 1
    assert second.stderr == f"bondd: a bondd is listening at {bondd.socket} already\n"
    assert bondd.show()["active"] == "eth0"
