"""One run of the cases on a driver, and what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from lab import under_test
from lab.errors import LabError
from lab.pytest_plugin.blocked import EXIT_BLOCKED

DRIVERS: Mapping[str, tuple[str, ...]] = {
    "howto": ("--driver=userspace",),
    "6.x": ("--driver=userspace", "--era=6.x"),
    "kernel": ("--driver=kernel",),
}
"""The three runs: their names and the options they are made with."""
AT_ONCE = (("kernel",), ("howto", "6.x"))
"""Which of them go on at the same time: bondimpl's wait for most of theirs, a guest leaves no core idle.

The kernel's comes first: what cannot be run there is not run on bondimpl, as nothing is to be compared."""
OTHERS: Mapping[str, tuple[str, ...]] = {name: (f"--driver={name}",) for name in under_test.OTHERS}
"""Runs on drivers of another kind."""
DONE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, EXIT_BLOCKED)
"""Exit codes of a run that came to a result."""


class Outcome(BaseModel):
    """What the cases of one behaviour came to; see `lab.pytest_plugin.summary`."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    missing_modes: tuple[str, ...] = Field(default=(), validation_alias="not in")
    cases: Mapping[str, str]
    instead: Mapping[str, str]
    reasons: Mapping[str, str]


class Result(BaseModel):
    """A whole run, as `--behaviours-json` writes it."""

    model_config = ConfigDict(frozen=True)

    driver: str
    catalogue: int
    behaviours: Mapping[str, Outcome]


def run(name: str, arguments: Sequence[str], directory: Path) -> tuple[Result, float]:
    """The run of that name with further arguments of pytest, and its seconds.

    Output and result are kept in `directory`, as NAME.log and NAME.json. Raises LabError when there is none.
    """
    result, log = directory / f"{name}.json", directory / f"{name}.log"
    command = [sys.executable, "-m", "pytest", "testcases", "-q", "-n", "auto", *{**DRIVERS, **OTHERS}[name]]
    result.unlink(missing_ok=True)
    begin_s = time.monotonic()
    with log.open("wb") as out:
        done = subprocess.run(
            [*command, f"--behaviours-json={result}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode not in DONE or not result.exists():
        raise LabError(f"the run {name} ended with status {done.returncode}; see {log}")
    seconds = time.monotonic() - begin_s
    (directory / f"{name}.seconds").write_text(f"{seconds:.1f}\n")
    return last(name, directory)


def without_skipped(result: Result) -> list[str]:
    """Arguments of pytest that leave out the cases that were skipped in this run."""
    every = (cases for came in result.behaviours.values() for cases in (came.cases, came.instead))
    skipped = {case for cases in every for case, outcome in cases.items() if outcome == "skipped"}
    return [f"--deselect={case}" for case in sorted(skipped)]


def last(name: str, directory: Path) -> tuple[Result, float]:
    """What the last run of that name came to, and its seconds (0: not known). Raises LabError."""
    try:
        result = Result.model_validate(json.loads((directory / f"{name}.json").read_text()))
    except OSError as error:
        raise LabError(f"there was no run {name} yet: {error}") from error
    timed = directory / f"{name}.seconds"
    return result, float(timed.read_text()) if timed.exists() else 0.0
