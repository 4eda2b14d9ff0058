"""Stopping at a failing case: the failure is told at once, and the lab can be entered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import sandbox
from lab.waiting import eventually
from tests.lab_live.commands import run

CASE = """
def test_bad(bonded):
    bond = bonded(miimon=50)
    bond.set("miimom", "60")
"""

TOPOLOGY = "--topo=single_switch"
INHERITED = ("PYTEST_", sandbox.RUN_VARIABLE)


@contextmanager
def stopping(tmp_path: Path, option: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    """A run of the failing case at a terminal: its process, what it prints, where to type."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_case.py").write_text(CASE)
    ours, theirs = os.openpty()
    told = tmp_path / "told"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", option, TOPOLOGY],
            cwd=tmp_path,
            # Nothing of the run that we are part of: this one has a sandbox of its own.
            env={name: text for name, text in os.environ.items() if not name.startswith(INHERITED)},
            stdin=theirs,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, told, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def test_the_lab_waits_and_bondctl_works_in_it(tmp_path: Path) -> None:
    with stopping(tmp_path, "--keep-on-fail") as (process, told, terminal):
        text = eventually(told.read_text, within=60, until=lambda text: "Enter ends this lab" in text)
        assert "test_case.py:4: DriverRefused: host1: set bond0 miimom 60: there is no option" in text
        entry = re.search(r"^  host1 +(\S.* bash)$", text, re.M)
        assert entry, text
        done = subprocess.run(
            ["sh", "-c", f"{entry[1]} -c 'bondctl list'"],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.stdout, done.stderr) == ("bond0\n", "")
        os.write(terminal, b"\n")
        assert process.wait(timeout=60) == 1
    assert told.read_text().count("DriverRefused: host1: set bond0 miimom") >= 2  # in the report, too
    assert "Captured stdout" not in told.read_text()


def test_a_pause_says_no_more_than_needed(tmp_path: Path) -> None:
    with stopping(tmp_path, "--pause-on-fail") as (process, told, terminal):
        text = eventually(told.read_text, within=60, until=lambda text: "Enter ends this lab" in text)
        assert "nsenter" not in text
        assert process.poll() is None
        os.write(terminal, b"\n")
        assert process.wait(timeout=60) == 1


def test_the_command_line_speaks_to_the_failed_lab(tmp_path: Path) -> None:
    with stopping(tmp_path, "--cli-on-fail") as (process, told, terminal):
        eventually(told.read_text, within=60, until=lambda text: "mininet> " in text)
        os.write(terminal, b"host1 bondctl list\n")
        eventually(told.read_text, within=20, until=lambda text: "bond0\nmininet> " in text)
        os.write(terminal, b"exit\n")
        assert process.wait(timeout=60) == 1
    assert "1 failed" in told.read_text()


@pytest.mark.parametrize("option", ["--keep-on-fail", "--pause-on-fail", "--cli-on-fail"])
def test_workers_cannot_keep(tmp_path: Path, option: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = run(tmp_path, "-n", "2", option)
    assert (done.returncode, done.stdout.count("\n")) == (4, 0)
    assert done.stderr.strip() == f"ERROR: {option}: workers have no terminal to stop at; leave out -n"
