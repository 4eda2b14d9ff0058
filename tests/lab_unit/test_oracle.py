"""The differential table, from made-up runs."""

from __future__ import annotations

import json

import pytest

from lab.differences import Difference
from lab.oracle.render import as_json, as_page
from lab.oracle.runs import Outcome, Result
from lab.oracle.table import Row, compare

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
        ("disagree", "failed: test_a"),
    ]
    assert [found[id].apart for id in (A, B, C, D)] == [(), ("test_a",), (), ("test_a",)]


@pytest.mark.parametrize("word", ["failed", "lab broken"])
def test_nothing_but_green_agrees(word: str) -> None:
    broken = result("ours", a=outcome(word, test_a=word))
    (row, *_) = (row for row in compare(broken, broken, result("theirs"), KNOWN) if row.id == A)
    assert (row.verdict, row.note) == ("disagree", f"bondimpl: {word}")


def test_what_is_not_listed_is_no_known_difference() -> None:
    found = compare(
        result("ours"), result("ours"), result("theirs", a=outcome("known difference", test_a="differs")), {}
    )
    assert found[0].id != A or found[0].verdict != "known difference"


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
