"""--keep-on-fail with a terminal: the failure is told at once, and the lab can be entered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from lab import sandbox
from lab.waiting import eventually
from tests.lab_live.commands import run

CASE = """
def test_bad(bonded):
    bond = bonded(miimon=50)
    bond.set("miimom", "60")
"""

ARGUMENTS = ("--keep-on-fail", "--topo=single_switch")
INHERITED = ("PYTEST_", sandbox.RUN_VARIABLE)


def test_the_lab_waits_and_bondctl_works_in_it(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_case.py").write_text(CASE)
    ours, theirs = os.openpty()
    told = tmp_path / "told"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", *ARGUMENTS],
            cwd=tmp_path,
            # Nothing of the run that we are part of: this one has a sandbox of its own.
            env={name: text for name, text in os.environ.items() if not name.startswith(INHERITED)},
            stdin=theirs,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
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
        os.write(ours, b"\n")
        assert process.wait(timeout=60) == 1
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    assert told.read_text().count("DriverRefused: host1: set bond0 miimom") >= 2  # in the report, too


def test_workers_cannot_keep(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = run(tmp_path, "-n", "2", "--keep-on-fail")
    assert (done.returncode, done.stdout.count("\n")) == (4, 0)
    assert done.stderr.strip() == "ERROR: --keep-on-fail: workers have no terminal to stop at; leave out -n"
