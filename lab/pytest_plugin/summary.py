"""At the end of a run: which behaviours were verified, which failed, which could not be shown here.

Where the lab itself broke, nothing was learned of the driver: the behaviour is neither failed nor verified.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pytest

from lab.behaviours import load
from lab.pytest_plugin.collecting import BEHAVIOURS, BROKEN
from lab.pytest_plugin.options import options

Outcome = Literal["verified", "failed", "lab broken", "not shown"]
_WIDTH = 100  # columns of a list of ids


def outcomes_of_cases(reports: Iterable[pytest.TestReport]) -> dict[str, dict[str, str]]:
    """For each behaviour the outcome of every case that verifies it, by node id.

    That is passed, failed, lab broken or skipped. A case comes with a report for each of its phases; the
    worst counts.
    """
    rank = {"skipped": 0, "passed": 1, "lab broken": 2, "failed": 3}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for report in reports:
        if report.outcome == "passed" and report.when != "call":
            continue
        properties: dict[str, Any] = dict(report.user_properties)
        # An expected failure counts as skipped already.
        outcome = "lab broken" if BROKEN in properties else report.outcome
        for behaviour in properties.get(BEHAVIOURS, ()):
            known = found[behaviour].get(report.nodeid, "skipped")
            found[behaviour][report.nodeid] = max(known, outcome, key=rank.__getitem__)
    return found


def judge(cases: Mapping[str, str]) -> Outcome:
    """What the outcomes of its cases say about a behaviour: one failure fails it.

    One broken lab leaves it open: the case might have failed.
    """
    if "failed" in cases.values():
        return "failed"
    if "lab broken" in cases.values():
        return "lab broken"
    return "verified" if "passed" in cases.values() else "not shown"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    reports = [
        report
        for group in terminalreporter.stats.values()
        for report in group
        if isinstance(report, pytest.TestReport)
    ]
    found = outcomes_of_cases(reports)
    if path := options(config).behaviours_json:
        data = {
            "catalogue": len(load()),
            "behaviours": {
                behaviour: {"outcome": judge(cases), "cases": dict(sorted(cases.items()))}
                for behaviour, cases in sorted(found.items())
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2) + "\n")
    if not found:
        return
    by_outcome: dict[Outcome, list[str]] = {
        "verified": [],
        "failed": [],
        "lab broken": [],
        "not shown": [],
    }
    for behaviour, cases in sorted(found.items()):
        by_outcome[judge(cases)].append(behaviour)
    verified, failed, broken, hidden = by_outcome.values()
    terminalreporter.section("behaviours")
    lab_broken = f"{len(broken)} lab broken, " if broken else ""
    terminalreporter.line(
        f"{len(verified)} verified, {len(failed)} failed, {lab_broken}{len(hidden)} not shown here "
        f"(the catalogue has {len(load())})"
    )
    named = [("failed", failed), ("lab broken", broken)]
    if options(config).topologies is not None:
        named += [("not shown here", hidden), ("verified", verified)]
    for title, ids in named:
        if ids:
            terminalreporter.line(f"{title}:")
            for line in _wrapped(ids):
                terminalreporter.line(f"  {line}")


def _wrapped(words: Iterable[str]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 1 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
