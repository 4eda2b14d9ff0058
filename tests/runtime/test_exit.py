"""How bondd starts and ends: its socket, signals, errors in the daemon."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.lab import Daemon, Lab, exists
from tests.runtime.taken import enslave_both, left_behind, now

pytestmark = pytest.mark.root


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal(lab: Lab, before: dict[str, Any], bondd: Daemon, which: int) -> None:
    enslave_both(bondd)
    assert bondd.stop(which) == 0
    assert now() == before
    assert not exists("bond0")
    assert left_behind(lab) == []


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
    enslave_both(bondd)
    if script is BROKEN_COMMAND:
        assert bondd.tool("bondctl", "list").returncode == 1
    assert bondd.stop() == 1
    broken.unlink()
    assert now() == before
    assert not exists("bond0")
    assert left_behind(lab) == []


def test_what_is_no_socket_is_not_removed(lab: Lab, bondd: Daemon) -> None:
    bondd.socket.unlink()
    bondd.socket.write_text("precious")
    assert bondd.stop() == 0
    assert bondd.socket.read_text() == "precious"
    refused = bondd.tool("bondd")
    assert refused.returncode == 1
    assert refused.stderr == f"bondd: cannot listen at {bondd.socket}: it exists and is not a socket\n"
    assert bondd.socket.read_text() == "precious"


def test_second_daemon_on_a_socket_is_refused(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup")
    second = bondd.tool("bondd")
    assert second.returncode == 1
    assert second.stderr == f"bondd: a bondd is listening at {bondd.socket} already\n"
    assert bondd.show()["active"] == "eth0"
