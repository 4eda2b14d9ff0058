"""At the end of a run: which behaviours were verified, which failed, which could not be shown here.

A behaviour of several modes is verified in part when the cases that passed made bonds in some of them only.
Where the lab itself broke, nothing was learned of the driver: the behaviour is neither failed nor verified.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from lab.behaviours import load
from lab.pytest_plugin.collecting import BEHAVIOURS, BROKEN, DIFFERS, KNOWN, MODES
from lab.pytest_plugin.options import options
from lab.under_test import described

Outcome = Literal["verified", "verified in part", "known difference", "failed", "lab broken", "not shown"]
_WIDTH = 100  # columns of a list of ids


@dataclass(slots=True)
class Shown:
    """What the cases of a behaviour came to.

    `cases` is the outcome of each by node id: passed, failed, differs (as is known), lab broken or skipped;
    `instead` that of the cases which show what differs. `made` are the modes of the bonds under test that
    passed cases made. `reasons` tell why cases were skipped.
    """

    modes: Sequence[str]
    cases: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The behaviour's modes that no case showed; none where no case needed a bond."""
        return [mode for mode in self.modes if mode not in self.made] if self.made else []

    @property
    def outcome(self) -> Outcome:
        """One failure fails it; one broken lab leaves it open: the case might have failed."""
        outcomes = {*self.cases.values(), *self.instead.values()}
        if "failed" in outcomes:
            return "failed"
        if "lab broken" in outcomes:
            return "lab broken"
        if "differs" in outcomes:
            return "known difference"
        if "passed" not in self.cases.values():
            return "not shown"
        return "verified in part" if self.missing else "verified"


def behaviours_shown(reports: Iterable[pytest.TestReport]) -> dict[str, Shown]:
    """By id, sorted. A case comes with a report for each of its phases; the worst counts."""
    rank = {"skipped": 0, "passed": 1, "differs": 2, "lab broken": 3, "failed": 4}
    found: dict[str, Shown] = {}
    for report in reports:
        if report.outcome == "passed" and report.when != "call":
            continue
        properties: dict[str, Any] = dict(report.user_properties)
        outcome: str = "lab broken" if BROKEN in properties else report.outcome
        if outcome == "skipped" and KNOWN in properties and hasattr(report, "wasxfail"):
            outcome = "differs"
        for behaviour in (*properties.get(BEHAVIOURS, ()), *properties.get(DIFFERS, ())):
            shown = found.setdefault(behaviour, Shown(load()[behaviour].modes))
            cases = shown.cases if behaviour in properties.get(BEHAVIOURS, ()) else shown.instead
            known = cases.get(report.nodeid, "skipped")
            cases[report.nodeid] = max(known, outcome, key=rank.__getitem__)
            if outcome == "skipped":
                shown.reasons[report.nodeid] = _why_skipped(report)
            if outcome == "passed" and cases is shown.cases:
                shown.made.update(properties.get(MODES, ()))
    return dict(sorted(found.items()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    reports = [
        report
        for group in terminalreporter.stats.values()
        for report in group
        if isinstance(report, pytest.TestReport)
    ]
    found = behaviours_shown(reports)
    if path := options(config).behaviours_json:
        data = {
            "catalogue": len(load()),
            "driver": described(options(config).driver, options(config).era),
            "behaviours": {
                behaviour: {
                    "outcome": shown.outcome,
                    "not in": shown.missing,
                    "cases": dict(sorted(shown.cases.items())),
                    "instead": dict(sorted(shown.instead.items())),
                    "reasons": dict(sorted(shown.reasons.items())),
                }
                for behaviour, shown in found.items()
            },
        }
        path.write_text(json.dumps(data, indent=2) + "\n")
    if found:
        terminalreporter.section("behaviours")
        for line in render(found, everything=options(config).topologies is not None):
            terminalreporter.line(line)


def render(found: dict[str, Shown], *, everything: bool) -> list[str]:
    """The lines of the summary: counts, and the ids of what went wrong or, on request, of all."""
    by_outcome: dict[Outcome, list[str]] = defaultdict(list)
    in_part: dict[str, list[str]] = defaultdict(list)
    for behaviour, shown in found.items():
        by_outcome[shown.outcome].append(behaviour)
        if shown.outcome == "verified in part":
            in_part[f"verified in part, not in {', '.join(shown.missing)}"].append(behaviour)
    counted = [
        f"{len(by_outcome[outcome])} {outcome}"
        for outcome in ("verified", "verified in part", "known difference", "failed", "lab broken")
        if by_outcome[outcome] or outcome in ("verified", "failed")
    ]
    hidden = len(by_outcome["not shown"])
    lines = [f"{', '.join(counted)}, {hidden} not shown here (the catalogue has {len(load())})"]
    named = [("failed", by_outcome["failed"]), ("lab broken", by_outcome["lab broken"])]
    if everything:
        named += [("not shown here", by_outcome["not shown"]), *sorted(in_part.items())]
        named += [("known difference", by_outcome["known difference"])]
        named += [("verified", by_outcome["verified"])]
    for title, ids in named:
        if ids:
            lines += [f"{title}:", *(f"  {line}" for line in _wrapped(ids))]
    return lines


def _why_skipped(report: pytest.TestReport) -> str:
    """The reason as it was given."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", ""))


def _wrapped(words: Iterable[str]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 1 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
