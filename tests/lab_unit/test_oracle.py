"""The differential table, from made-up runs."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest

from lab.differences import Difference
from lab.errors import LabError
from lab.oracle import runs
from lab.oracle.render import as_json, as_page
from lab.oracle.runs import Outcome, Result
from lab.oracle.table import Row, compare
from lab.pytest_plugin.blocked import EXIT_BLOCKED

A, B, C, D = "1.1.source-location", "1.1.kernel-config-option", "1.1.builtin-no-parameters", "2.mode.default"
KNOWN = {
    B: Difference(id=B, howto="three | four", driver="does five", since="4.0", proof="count"),
}


def outcome(word: str, reason: str = "", **cases: str) -> Outcome:
    by_node = {f"testcases/test_x.py::{name}": value for name, value in cases.items()}
    reasons = {name: reason for name, value in by_node.items() if value == "skipped"}
    return Outcome(outcome=word, cases=by_node, instead={}, reasons=reasons)


def result(driver: str, **changes: Outcome) -> Result:
    told = {id: outcome("verified", test_a="passed") for id in (A, B, C, D)}
    told |= {{"a": A, "b": B, "c": C, "d": D}[key]: value for key, value in changes.items()}
    return Result(driver=driver, catalogue=374, behaviours=told)


def rows(**kernel: Outcome) -> dict[str, Row]:
    found = compare(result("ours"), result("ours, 6.x"), result("theirs", **kernel), KNOWN)
    assert [row.id for row in found] == sorted((A, B, C, D))
    return {row.id: row for row in found}


def test_what_passes_on_both_agrees() -> None:
    assert {(row.verdict, row.note, row.apart) for row in rows().values()} == {("agree", "", ())}


def test_the_verdicts() -> None:
    found = rows(
        b=outcome("known difference", test_a="differs"),
        c=outcome("not shown", "needs the fault shim", test_a="skipped"),
        d=outcome("failed", test_a="failed", test_b="passed"),
    )
    assert [(found[id].verdict, found[id].note) for id in (A, B, C, D)] == [
        ("agree", ""),
        ("known difference", "does five"),
        ("not runnable", "needs the fault shim"),
        ("disagree", "kernel: failed: test_a"),
    ]
    assert [found[id].apart for id in (A, B, C, D)] == [(), ("test_a",), (), ("test_a",)]


@pytest.mark.parametrize("word", ["failed", "lab broken"])
@pytest.mark.parametrize("bad", [0, 1, 2])
@pytest.mark.parametrize("theirs", ["verified", "known difference", "not shown"])
def test_a_failure_in_any_run_disagrees(word: str, bad: int, theirs: str) -> None:
    shown = {"verified": "passed", "known difference": "differs", "not shown": "skipped"}[theirs]
    three = [result("ours"), result("ours, 6.x"), result("theirs", b=outcome(theirs, test_a=shown))]
    three[bad] = result("bad", b=outcome(word, test_a=word))
    howto, today, kernel = three
    (row,) = (row for row in compare(howto, today, kernel, KNOWN) if row.id == B)
    assert (row.verdict, row.note) == ("disagree", f"{('howto', '6.x', 'kernel')[bad]}: {word}: test_a")


def test_what_bondimpl_cannot_show_is_told_with_the_reason() -> None:
    ours = result("ours", c=outcome("not shown", "a TAP has none", test_a="skipped"))
    (row,) = (row for row in compare(ours, ours, result("theirs"), KNOWN) if row.id == C)
    assert (row.verdict, row.note) == ("not runnable", "on bondimpl: a TAP has none")


def test_what_is_not_listed_is_no_known_difference() -> None:
    theirs = result("theirs", a=outcome("known difference", test_a="differs"))
    (row,) = (row for row in compare(result("ours"), result("ours"), theirs, {}) if row.id == A)
    assert row.verdict == "disagree"


@pytest.mark.parametrize("code", [0, 1, EXIT_BLOCKED])
def test_a_run_that_came_to_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(subprocess, "run", partial(pretend, result("ours"), code))
    assert runs.run("howto", [], tmp_path)[0].driver == "ours"


def test_what_the_kernel_skips_is_left_out_of_the_others() -> None:
    theirs = result(
        "theirs",
        a=outcome("verified", test_a="passed", test_b="skipped"),
        b=Outcome(outcome="not shown", cases={}, instead={"test_x.py::test_c": "skipped"}, reasons={}),
    )
    assert runs.without_skipped(theirs) == [
        "--deselect=test_x.py::test_c",
        "--deselect=testcases/test_x.py::test_b",
    ]
    assert runs.AT_ONCE[0] == ("kernel",)


def test_a_run_that_came_to_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", partial(pretend, result("ours"), 2))
    with pytest.raises(LabError, match="the run howto ended with status 2"):
        runs.run("howto", [], tmp_path)


def pretend(told: Result, code: int, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
    """As pytest: write the result where the command says, and end with that code."""
    (path,) = (word.partition("=")[2] for word in command if word.startswith("--behaviours-json="))
    Path(path).write_text(told.model_dump_json())
    return subprocess.CompletedProcess(command, code)


def test_the_page_and_the_json_say_the_same() -> None:
    found = tuple(rows(b=outcome("known difference", test_a="differs")).values())
    drivers, seconds = (
        {"howto": "ours", "6.x": "ours, 6.x", "kernel": "theirs"},
        dict.fromkeys(("howto", "6.x", "kernel"), 60.0),
    )
    written = json.loads(as_json(found, drivers, seconds))
    assert written["verdicts"] == {"agree": 3, "known difference": 1, "disagree": 0, "not runnable": 0}
    page = as_page(found, drivers, seconds, KNOWN)
    assert "4 of them (100.0 %)" in page.replace("\n", " ")
    assert f"| {B} | three \\| four | does five | 4.0 | count |" in page
    assert f"| {B} | test_a |" in page, "what era 6.x does otherwise"
