"""Whole runs of pytest with the plugin, and of bondlab, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.waiting import eventually

CASES = """
from lab.cases import *
import os, pytest
NETWORKS = {os.environ["OUTSIDE"]}

@behaviour("1.1.source-location")
@needs(slaves=2)
def test_good(bonded, stream):
    bonded(miimon=50)
    with stream() as s:
        s.wait_sent(20)
    assert s.report().lost == 0
    assert os.readlink("/proc/self/ns/net") not in NETWORKS

@behaviour("1.1.kernel-config-option")
def test_bad(bed, bonded):
    bonded(miimon=50)
    bed.timeline.note("case", "about to fail")
    assert not "on purpose"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_case.py").write_text(CASES)
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing of the run that we are part of must reach the inner one.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**env, "OUTSIDE": os.readlink("/proc/self/ns/net") if "-n" in arguments else "none"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def artifacts(project: Path) -> Path:
    (directory,) = (project / "artifacts").iterdir()
    return directory


def test_a_failing_case_tells_all(project: Path) -> None:
    done = run(project, "--keep-on-fail", "--pcap-dir=pcaps")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    for words in (
        "about to fail",
        "host1 bond0 status",
        "Bonding Mode: fault-tolerance (active-backup)",
        "host1 bond0 log",
        "host2 bond0 status",
        "mnexec -a",
        "no terminal to wait at",
        "1 verified, 1 failed, 0 not shown here",
    ):
        assert words in done.stdout, words
    left = artifacts(project)
    assert {p.name for p in left.iterdir()} >= {"timeline.txt", "pcap", "processes", "host1-bond0-status.txt"}
    assert (left / "pcap" / "host1.eth0.pcap").stat().st_size > 24
    assert "about to fail" in (left / "timeline.txt").read_text()
    assert {p.name for p in (project / "pcaps").iterdir()} == {
        "test_case-test_good_host_to_host",
        "test_case-test_bad_host_to_host",
    }


def test_with_xdist_every_worker_has_its_own_sandbox(project: Path) -> None:
    done = run(project, "-n", "2", "--topo=host_to_host,single_switch", "--behaviours-json=b.json")
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "1 verified, 1 failed, 0 not shown here" in done.stdout
    assert "about to fail" in done.stdout
    cases = json.loads((project / "b.json").read_text())["behaviours"]["1.1.source-location"]["cases"]
    assert list(cases.values()) == ["passed", "passed"]


def test_a_killed_controller_of_xdist_leaves_no_file(project: Path) -> None:
    (project / "test_case.py").write_text(
        "import pathlib, threading\ndef test_it():\n"
        "    pathlib.Path('begun').touch()\n    threading.Event().wait(60)\n"
    )
    temporary, base = project / "tmp", project / "runs"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", "-p", "no:cacheprovider", "-n", "1"],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary), "BONDLAB_RUN_DIR": str(base)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually((project / "begun").exists, within=30)
    finally:
        process.kill()
        process.wait()
    # The worker hears of it by the end of its input, and its sandbox goes with it.
    eventually(lambda: [p for p in base.iterdir() if p.is_dir()], within=30, until=lambda left: not left)
    assert {path.name for path in temporary.iterdir()} <= {"pytest-of-root"}  # that is pytest's own


def test_unknown_behaviours_with_xdist(project: Path) -> None:
    (project / "test_case.py").write_text(CASES.replace("1.1.source-location", "1.1.source-locaton"))
    done = run(project, "-n", "2")
    assert done.returncode != 0
    assert "did you mean '1.1.source-location'?" in done.stdout


def bondlab(*arguments: str, text_in: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab.cli", *arguments],
        input=text_in,
        # As for a user who has not activated the virtual environment.
        env={**os.environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["single_switch", "host_to_host"])
def test_up_takes_commands_from_a_pipe(name: str) -> None:
    done = bondlab("up", name, "--slaves", "3", text_in="host1 ping -c1 -W2 10.0.0.2\nnodes\n")
    assert done.returncode == 0, done.stderr
    assert f"{name}: host1 is 10.0.0.1 (bond0, active-backup)" in done.stdout
    assert "1 received" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    ["host1 {}", "sh {}", "py host1.popen('{}').communicate()[0]"],
    ids=["node", "sh", "popen as for xterm"],
)
def test_up_bondctl_speaks_to_the_bond_of_the_host(command: str) -> None:
    done = bondlab("up", "single_switch", text_in=command.format("bondctl status bond0 --proc"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Currently Active Slave: eth0" in done.stdout


def test_up_on_every_host_that_has_a_bond() -> None:
    """host2 lives on another socket than host1; each knows its own."""
    given = "host1 ip -br link show dev bond0\nhost1 bondctl show bond0\n"
    done = bondlab("up", "host_to_host", text_in=given + given.replace("host1", "host2"))
    assert (done.returncode, done.stderr) == (0, "")
    told = re.findall(
        r"bond0 +\S+ +([0-9a-f:]{17}) |^bond0: active-backup, .*, ([0-9a-f:]{17}),", done.stdout, re.M
    )
    macs = [device or bond for device, bond in told]
    assert len(macs) == 4
    assert (macs[0], macs[2]) == (macs[1], macs[3])
    assert macs[0] != macs[2]


def test_up_says_what_can_be_typed() -> None:
    begun = bondlab("up", "bladecenter:opm")
    assert "blade1 carries the bond" in begun.stdout
    lines = [line.strip() for line in begun.stdout.splitlines() if line.startswith("  blade1 ")]
    assert len(lines) >= 2
    done = bondlab("up", "bladecenter:opm", text_in="\n".join(lines))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Currently Active Slave: eth0" in done.stdout
    assert " 0% packet loss" in done.stdout


def test_up_with_what_the_driver_refuses_is_one_line() -> None:
    done = bondlab("up", "single_switch", "--mode", "square-robin")
    assert done.returncode == 1
    assert done.stderr.startswith("bondlab: host1: add bond0 mode=square-robin")
    assert done.stderr.count("\n") == 1
