"""The directories of runs on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.runs import Run, clean_stale, directory_of, stale_runs

OWNER = """
import sys
from lab.runs import Run
run = Run.create()
for name in sys.argv[1:]:
    (run.directory / name).mkdir()
    (run.directory / name / "file").touch()
print(run.run_id, flush=True)
sys.stdin.read()
"""
RUN_ID = "20260101T120000-abcdef"  # as runs are called


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "runs"
    directory.mkdir()
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(directory))
    return directory


def owner(*names: str) -> tuple[subprocess.Popen[str], str]:
    """A process that owns a run with these directories in it, and the run's name."""
    argv = [sys.executable, "-c", OWNER, *names]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def tree(base: Path) -> set[str]:
    return {str(path.relative_to(base)) for path in base.rglob("*")}


def test_a_clean_end_leaves_nothing(base: Path) -> None:
    run = Run.create()
    pid, started = (run.directory / "owner").read_text().split()
    assert int(pid) == os.getpid()
    assert int(started) > 0
    (run.directory / "bed").mkdir()
    (run.directory / "bed" / "log").touch()
    (run.directory / "elsewhere").symlink_to("/")
    run.close()
    assert tree(base) == {".lock"}


def test_a_live_run_is_never_touched(base: Path) -> None:
    process, run = owner("bed")
    try:
        assert stale_runs() == ()
        assert clean_stale() == []
        assert (base / run / "bed" / "file").exists()
    finally:
        kill(process)
    assert [path.name for path in stale_runs()] == [run]


def test_a_killed_run_is_cleaned(base: Path) -> None:
    process, run = owner("bed", "other")
    kill(process)
    assert clean_stale() == [f"run {run}"]
    assert stale_runs() == ()
    assert tree(base) == {".lock"}


def test_what_is_not_a_run_survives_beside_runs(base: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for directory in (
        base / "precious",
        base / "half-made",
        base / RUN_ID,  # called as a run, but without an owner
        base / f"{RUN_ID}.bak",
        elsewhere,
    ):
        (directory / "below").mkdir(parents=True)
    for directory in (base / "precious", base / f"{RUN_ID}.bak", elsewhere):
        (directory / "owner").write_text("12 34\n")
    (base / "20260101T120000-000000").symlink_to(elsewhere)
    strange = base / "20260101T120000-111111"
    strange.mkdir()
    (strange / "owner").write_text("Jane Doe\n")
    pipe = base / "20260101T120000-222222"
    pipe.mkdir()
    os.mkfifo(pipe / "owner")
    (base / "20260101T120000-333333").write_text("a file")
    linked = base / "20260101T120000-444444"
    linked.mkdir()
    (linked / "owner").symlink_to(elsewhere / "owner")
    (base / "20260101T120000-555555" / "owner").mkdir(parents=True)
    before, there = tree(base), tree(elsewhere)
    process, run = owner("bed")
    kill(process)
    assert [path.name for path in stale_runs()] == [run]
    assert clean_stale() == [f"run {run}"]
    assert tree(base) == before | {".lock"}
    assert tree(elsewhere) == there


def test_a_run_is_never_seen_without_its_owner(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any step of the making: nothing is there by a run's name, and the next run takes it up."""
    for step in ("open", "write"):
        with monkeypatch.context() as patched:
            patched.setattr(f"os.{step}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                Run.create()
        assert {path.name for path in base.iterdir()} == {".lock", ".new"}, step
    Run.create().close()
    assert tree(base) == {".lock"}


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_could_not_be_removed_is_told_and_tried_again(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(f"{path.name}: busy")

    process, run = owner("bed")
    kill(process)
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        assert clean_stale() == [f"run {run}: FAILED: bed: busy"]
    assert clean_stale() == [f"run {run}"]
    assert tree(base) == {".lock"}


def test_finding_a_run(base: Path) -> None:
    with pytest.raises(LabError, match="no run"):
        directory_of("nonesuch")
    run = Run.create()
    assert directory_of(run.run_id) == run.directory
    run.close()
