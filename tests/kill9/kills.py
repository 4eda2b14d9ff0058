"""Killing a run at random moments of its life, the same for the same seed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import sandbox
from lab.waiting import eventually, sleep_until
from tests.kill9.machine import look, processes_of

CASE = '''"""A run with all that a lab has: Open vSwitch, daemons, a capture, a stream, a fault."""

from lab.cases import Bonding, StreamMaker, Testbed, needs


@needs(slaves=2, traits=("lacp",))
def test_it(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    bonded("balance-xor", miimon=50)
    with stream("out", rate_pps=500) as s:
        bed.slave_cable(0).pull()
        s.wait_flowing()
'''
TOPOLOGIES = "lacp_switch:ovs,lacp_switch:bridge"
GONE_S = 15.0
WHOLE_S = 120.0
OUTPUT = "output.txt"


def kill_at_random(project: Path, seed: int, times: int, say: Callable[[str], None]) -> None:
    """Kill a run `times` times; after each there is nothing of it, and the next run passes.

    `project` is an empty directory. Raises AssertionError, TimeOut, with what is left.
    """
    chance = random.Random(seed)
    base = project / "runs"
    base.mkdir()
    (project / "test_case.py").write_text(CASE)
    before = look()
    lasts = {workers: _whole(project, base, workers) for workers in (0, 2)}
    number = 0
    while number < times:
        workers, share = chance.choice((0, 2)), chance.random()
        process = _start(project, base, workers)
        begun = time.monotonic()
        sleep_until(begun + share * lasts[workers])
        alive = processes_of(base)
        process.kill()
        process.wait()
        if process.returncode != -signal.SIGKILL:  # it was over before: no kill that counts
            continue
        number += 1
        how = f"-n {workers}" if workers else "one process"
        say(f"{number:2}: {how}, killed after {share * lasts[workers]:.2f} s: {len(alive)} processes of it")
        eventually(lambda: processes_of(base), GONE_S, until=lambda left: not left, what="processes left")
        # A process that has gone may take its namespace with it a moment later.
        eventually(look, GONE_S, until=lambda now: now == before, what=f"the machine as it was: {before}")
        lasts[workers] = min(lasts[workers], _whole(project, base, workers))
        left = {path.name for path in base.iterdir()} - {".lock"}
        assert not left, f"the next run has left {left}"


def _whole(project: Path, base: Path, workers: int) -> float:
    """How long a run takes that is not killed, in seconds; it passes."""
    begun = time.monotonic()
    process = _start(project, base, workers)
    try:
        process.wait(WHOLE_S)
    finally:
        process.kill()
    told = (project / OUTPUT).read_text()
    assert process.returncode == 0, told
    assert "2 passed" in told, told
    return time.monotonic() - begun


def _start(project: Path, base: Path, workers: int) -> subprocess.Popen[str]:
    ours = (sandbox.RUN_VARIABLE, sandbox.OUTER_VARIABLE)
    inherited = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("PYTEST_")}
    distribute: Sequence[str] = ["-n", str(workers)] if workers else ["-p", "no:xdist"]
    # To a file: a process that outlives the kill would keep a pipe open.
    with (project / OUTPUT).open("w") as output:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", "-p", "no:cacheprovider"),
                *(f"--topo={TOPOLOGIES}", *distribute, "test_case.py"),
            ],
            cwd=project,
            env={**inherited, "BONDLAB_RUN_DIR": str(base)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
