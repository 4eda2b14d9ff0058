"""The verdict on each behaviour: whether bondimpl and the kernel's driver came to the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lab.differences import Difference
from lab.oracle.runs import Outcome, Result

Verdict = Literal["agree", "known difference", "disagree", "not runnable"]
VERDICTS: tuple[Verdict, ...] = ("agree", "known difference", "disagree", "not runnable")
BAD = ("failed", "lab broken")
GOOD = ("verified", "verified in part")
_NONE = Outcome(outcome="no case", cases={}, instead={}, reasons={})


@dataclass(frozen=True, slots=True)
class Row:
    """A behaviour: what came of it in the three runs, the verdict, and why.

    `apart` are the cases in which bondimpl, era 6.x, and the kernel's driver did not come to the same.
    """

    id: str
    howto: str
    today: str
    kernel: str
    verdict: Verdict
    note: str
    apart: tuple[str, ...]


def compare(
    howto: Result, today: Result, kernel: Result, differences: Mapping[str, Difference]
) -> tuple[Row, ...]:
    """A row for each behaviour that has cases, in the order of the catalogue's ids."""
    ids = sorted({*howto.behaviours, *today.behaviours, *kernel.behaviours})
    return tuple(_row(id, howto, today, kernel, differences.get(id)) for id in ids)


def _row(id: str, howto: Result, today: Result, kernel: Result, known: Difference | None) -> Row:
    ours, same_era, theirs = (run.behaviours.get(id, _NONE) for run in (howto, today, kernel))
    verdict, note = _verdict({"howto": ours, "6.x": same_era, "kernel": theirs}, known)
    return Row(id, ours.outcome, same_era.outcome, theirs.outcome, verdict, note, _apart(same_era, theirs))


def _verdict(runs: Mapping[str, Outcome], known: Difference | None) -> tuple[Verdict, str]:
    """Whatever fails anywhere disagrees: with the HOWTO, with its own list of differences, or with both."""
    if bad := [f"{name}: {_bad(run)}" for name, run in runs.items() if run.outcome in BAD]:
        return "disagree", "; ".join(bad)
    theirs = runs["kernel"]
    if theirs.outcome == "known difference" and known:
        return "known difference", known.driver
    if theirs.outcome in GOOD and runs["howto"].outcome in GOOD:
        return "agree", f"not in {', '.join(theirs.missing_modes)}" if theirs.missing_modes else ""
    if theirs.outcome in GOOD and runs["howto"].outcome == "not shown":
        return "not runnable", f"on bondimpl: {_reasons(runs['howto'])}"
    if theirs.outcome in GOOD or theirs.outcome == "known difference":
        return "disagree", f"howto: {runs['howto'].outcome}"
    return "not runnable", _reasons(theirs)


def _reasons(run: Outcome) -> str:
    return "; ".join(sorted(set(run.reasons.values())))


def _bad(run: Outcome) -> str:
    """The outcome and the cases that brought it about."""
    cases = [_short(case) for case, outcome in _all(run).items() if outcome == run.outcome]
    return f"{run.outcome}: {', '.join(cases)}"


def _apart(one: Outcome, other: Outcome) -> tuple[str, ...]:
    mine, yours = _all(one), _all(other)
    both = [case for case in mine if "skipped" not in (mine[case], yours.get(case, "skipped"))]
    return tuple(_short(case) for case in both if mine[case] != yours[case])


def _all(outcome: Outcome) -> Mapping[str, str]:
    return {**outcome.cases, **outcome.instead}


def _short(case: str) -> str:
    return case.rpartition("::")[2]
