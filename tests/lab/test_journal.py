"""The journal of what a run leaves on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.journal import Entry, Journal, clean_stale, stale_runs

OWNER = """
import sys
from lab.journal import Entry, Journal
journal = Journal.create()
for path in sys.argv[1:]:
    journal.record(Entry(f"file {path}", remove=path))
print(journal.run_id, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "runs"
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(directory))
    return directory


def owner(*paths: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that owns a run with these files to remove, and the run's name."""
    argv = [sys.executable, "-c", OWNER, *map(str, paths)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_clean_end_leaves_nothing(base: Path) -> None:
    journal = Journal.create()
    key = journal.record(Entry("something", remove="/nowhere/at/all"))
    pid, started = (journal.directory / "owner").read_text().split()
    assert int(pid) == os.getpid()
    assert int(started) > 0
    journal.strike(key)
    assert journal.entries() == ()
    assert journal.close() == ()
    assert not journal.directory.exists()


def test_a_live_run_is_never_touched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    process, run = owner(precious)
    try:
        assert stale_runs() == ()
        assert clean_stale() == []
        assert precious.exists()
    finally:
        kill(process)
    assert [path.name for path in stale_runs()] == [run]


def test_a_killed_run_is_cleaned_youngest_first(tmp_path: Path, base: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "tree"
    first.touch()
    (second / "below").mkdir(parents=True)
    process, run = owner(first, second)
    kill(process)
    assert clean_stale() == [f"{run}: file {second}", f"{run}: file {first}"]
    assert not first.exists()
    assert not second.exists()
    assert stale_runs() == ()
    assert not (base / run).exists()


def test_what_was_undone_is_not_undone_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    journal = Journal.create()
    journal.strike(journal.record(Entry("kept", remove=str(kept))))
    journal.close()
    assert kept.exists()


def test_a_line_cut_short_by_the_kill_is_no_obstacle(tmp_path: Path, base: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    process, run = owner(file)
    kill(process)
    with (base / run / "journal.jsonl").open("a") as journal:
        journal.write('{"key": "x", "wh')
    clean_stale()
    assert not file.exists()


def test_a_failed_undo_is_told_and_tried_again(base: Path, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    journal = Journal.create()
    journal.record(Entry("needs the flag", argv=("test", "-e", str(flag))))
    (failure,) = journal.close()
    assert "needs the flag" in failure
    (stale,) = stale_runs()
    assert any("FAILED" in line for line in clean_stale())
    flag.touch()
    assert clean_stale() == [f"{stale.name}: needs the flag"]
    assert stale_runs() == ()


def test_joining(base: Path) -> None:
    with pytest.raises(LabError, match="no run"):
        Journal.join("nonesuch")
    journal = Journal.create()
    joined = Journal.join(journal.run_id)
    joined.record(Entry("inside", remove="/nowhere"))
    joined.close()
    assert [entry.what for entry in journal.entries()] == ["inside"]
    journal.close()


def test_a_run_killed_before_it_wrote_its_name_is_stale(base: Path) -> None:
    (base / "half-made").mkdir(parents=True)
    assert [path.name for path in stale_runs()] == ["half-made"]
    clean_stale()
    assert not (base / "half-made").exists()
