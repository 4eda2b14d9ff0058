"""What came of the cases on drivers of another kind: the page docs/other_drivers.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.oracle.render import table
from lab.oracle.runs import OTHERS, Outcome, Result, last

VERDICTS = {
    "verified": "agree",
    "verified in part": "agree in part",
    "failed": "differ",
    "lab broken": "lab broken",
    "not shown": "not runnable",
}
PREFIX = "not runnable: "
NOTES: Mapping[str, tuple[str, ...]] = {
    "ovs": (
        "active-backup is its active-backup, balance-xor its balance-slb, 802.3ad its balance-tcp with LACP",
        "slaves keep their own addresses; the bond's does not follow them when it is changed",
        "balance-slb hashes by the source alone, so a host with one address uses one slave",
        "balance-tcp hashes by addresses and ports of all layers; frames that are not IP have one slave",
        "a frame to the bond's own address does not leave (one in sixteen of a burst to sixteen addresses)",
        "with LACP and no partner nothing is carried, where the bonding driver lets one slave carry",
        "it watches links without being asked to",
        "its device has a carrier whatever becomes of the slaves",
    ),
    "team": (
        "balance-rr is its runner roundrobin, active-backup activebackup, balance-xor loadbalance, broadcast "
        "broadcast, 802.3ad lacp",
        "with LACP and no partner nothing is carried, where the bonding driver lets one slave carry",
        "the kernel tells its daemon of a link: there is no period between polls, and it is never without",
    ),
}
"""What explains most of what differs."""


def known(directory: Path) -> dict[str, Result]:
    """The last result of each driver that has been run."""
    found = {}
    for name in OTHERS:
        try:
            found[name], _ = last(name, directory)
        except LabError:
            continue
    return found


def as_page(results: Mapping[str, Result]) -> str:
    """The whole page."""
    rows = [
        (name, *(str(counts(result)[verdict]) for verdict in VERDICTS.values()))
        for name, result in results.items()
    ]
    lines = [
        "# Other drivers on the same cases",
        "",
        "Written by `python -m lab.oracle --driver NAME`. These are no bonding drivers, but do the work of "
        "one in some of its modes; the cases hold them to the HOWTO's word. Where one differs it need not be "
        "wrong: it never promised. A case that asks for what a driver does not have is not runnable on it.",
        "",
        "Behaviours:",
        "",
        *table(("driver", *VERDICTS.values()), rows),
    ]
    for name, result in results.items():
        lines += ["", f"## {name}: {result.driver}", *_section(result, NOTES.get(name, ()))]
    return "\n".join([*lines, ""])


def counts(result: Result) -> Counter[str]:
    """How many behaviours came to each verdict."""
    return Counter(VERDICTS[outcome.outcome] for outcome in result.behaviours.values())


def _section(result: Result, notes: Sequence[str]) -> Iterator[str]:
    yield from ("", *(f"* {note}" for note in notes))
    by_verdict: dict[str, list[str]] = defaultdict(list)
    for id, outcome in result.behaviours.items():
        by_verdict[VERDICTS[outcome.outcome]].append(id)
    for verdict in ("agree", "agree in part"):
        if ids := by_verdict[verdict]:
            yield from ("", f"**{verdict.capitalize()}:** " + ", ".join(f"`{id}`" for id in sorted(ids)))
    differing = sorted(by_verdict["differ"])
    yield from ("", "**Differ**, in these cases:", "")
    yield from table(("behaviour", "cases"), ((id, _failed(result.behaviours[id])) for id in differing))
    yield from ("", "**Not runnable**, for these reasons (one case may have several):", "")
    reasons = Counter(
        reason for id in by_verdict["not runnable"] for reason in set(result.behaviours[id].reasons.values())
    )
    yield from table(
        ("behaviours", "reason"),
        ((str(count), reason.removeprefix(PREFIX)) for reason, count in reasons.most_common()),
    )


def _failed(outcome: Outcome) -> str:
    cases = (case.rpartition("::")[2] for case, word in outcome.cases.items() if word == "failed")
    return ", ".join(f"`{case}`" for case in sorted(cases))
