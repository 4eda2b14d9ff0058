"""The differential table as JSON and as a page of docs/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from lab.differences import Difference
from lab.oracle.table import VERDICTS, Row, Verdict

MEANING: Mapping[Verdict, str] = {
    "agree": "every case passes on both",
    "known difference": "the driver does otherwise, with proof in `testcases/known_differences.yaml`",
    "disagree": "a case fails in one of the runs, and nothing is listed",
    "not runnable": "no case of it can run on one of the two here",
}


def as_json(rows: Sequence[Row], drivers: Mapping[str, str], seconds: Mapping[str, float]) -> str:
    """All rows, with what the drivers are and how long the runs took, in s."""
    data = {
        "drivers": dict(drivers),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "verdicts": {verdict: _count(rows, verdict) for verdict in VERDICTS},
        "behaviours": [asdict(row) for row in rows],
    }
    return json.dumps(data, indent=2) + "\n"


def as_page(
    rows: Sequence[Row],
    drivers: Mapping[str, str],
    seconds: Mapping[str, float],
    differences: Mapping[str, Difference],
) -> str:
    """The page docs/oracle.md."""
    runnable = len(rows) - _count(rows, "not runnable")
    settled = _count(rows, "agree") + _count(rows, "known difference")
    lines = [
        "# The oracle: bondimpl and the kernel's driver, the same cases",
        "",
        "Written by `make oracle`, which runs `testcases/` three times: "
        + "; ".join(f"{name}: {driver} ({seconds[name] / 60:.0f} min)" for name, driver in drivers.items())
        + ".",
        "",
        f"Of {len(rows)} behaviours with cases {runnable} can be run on both; {settled} of "
        f"them ({100 * settled / max(runnable, 1):.1f} %) agree or differ as is known.",
        "",
        *table(
            ("verdict", "behaviours", "meaning"),
            ((verdict, str(_count(rows, verdict)), MEANING[verdict]) for verdict in VERDICTS),
        ),
    ]
    apart = [row for row in rows if row.apart]
    lines += ["", "## Disagreements", ""]
    lines += table(
        ("behaviour", "what came of it"), ((row.id, row.note) for row in rows if row.verdict == "disagree")
    )
    lines += ["", "## Era 6.x against the kernel's driver", ""]
    lines += ["Cases that come out otherwise on `bondd --era 6.x` than on the kernel's driver:", ""]
    lines += table(("behaviour", "cases"), ((row.id, ", ".join(row.apart)) for row in apart))
    lines += ["", "## Known differences", ""]
    lines += table(
        ("behaviour", "the HOWTO", "the driver", "since", "proof"),
        ((entry.id, entry.howto, entry.driver, entry.since, entry.proof) for entry in differences.values()),
    )
    lines += ["", "## Not runnable", ""]
    lines += table(
        ("behaviour", "why"), ((row.id, row.note) for row in rows if row.verdict == "not runnable")
    )
    lines += ["", "## Agreed", ""]
    lines += [", ".join(f"`{row.id}`" for row in rows if row.verdict == "agree") or "none", ""]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, or one that says there is nothing to tell."""
    found = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if not found:
        return ["None."]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *found]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def _count(rows: Sequence[Row], verdict: Verdict) -> int:
    return sum(row.verdict == verdict for row in rows)
