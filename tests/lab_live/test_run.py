"""Whole runs of pytest with the plugin, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.behaviours import MODES
from lab.waiting import eventually
from tests.lab_live.commands import run

CASES = """
from lab.cases import *
import os, pytest
NETWORKS = {os.environ["OUTSIDE"]}

@behaviour("1.1.source-location")
@needs(slaves=2)
def test_good(bonded, stream):
    bonded("balance-rr", miimon=50, peer_options={"mode": "balance-xor"})
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
        "0 verified, 1 verified in part, 1 failed, 0 not shown here",
    ):
        assert words in done.stdout, words
    left = artifacts(project)
    assert {p.name for p in left.iterdir()} >= {"timeline.txt", "pcap", "processes", "host1-bond0-status.txt"}
    link = {it["ifname"]: it for it in json.loads((left / "host1-ip-link.json").read_text())}
    assert link["eth0"]["flags"]
    assert "linkinfo" in link["bond0"]
    assert json.loads((left / "host2-ip-addr.json").read_text())
    assert json.loads((left / "cable-host1.eth0--host2.eth0.json").read_text())["plugged"] is True
    about = json.loads((left / "run.json").read_text())
    assert about["case"].endswith("[host_to_host]")
    assert "--pcap-dir=pcaps" in about["arguments"]
    assert (left / "pcap" / "host1.eth0.pcap").stat().st_size > 24
    timeline = (left / "timeline.txt").read_text()
    assert re.match(r" +0\.0000  is 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z\n", timeline)
    assert "about to fail" in timeline
    assert "host1 bond0  carrier up\n" in timeline
    assert (left / "host1-bond0-log.txt").read_text().endswith("\n")
    assert "in short -" in done.stdout
    line = 1 + CASES[: CASES.index("    assert not")].count("\n")
    assert f"test_case.py:{line}: AssertionError: assert not 'on purpose'\n" in done.stdout
    assert {p.name for p in (project / "pcaps").iterdir()} == {
        "test_case-test_good_host_to_host",
        "test_case-test_bad_host_to_host",
    }


def test_with_xdist_every_worker_has_its_own_sandbox(project: Path) -> None:
    done = run(project, "-n", "2", "--topo=host_to_host,single_switch", "--behaviours-json=b.json")
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "0 verified, 1 verified in part, 1 failed, 0 not shown here" in done.stdout
    assert "about to fail" in done.stdout
    shown = json.loads((project / "b.json").read_text())["behaviours"]["1.1.source-location"]
    assert list(shown["cases"].values()) == ["passed", "passed"]
    assert shown["not in"] == [mode for mode in MODES if mode != "balance-rr"]  # the peer's does not count


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
