"""Playing a story in a lab: faults on its cables and switches, traffic both ways, a look after each fault."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from lab.bonding import Bonding
from lab.chaos.model import Verdict, switches_follow, verdict, works
from lab.chaos.story import Story, states
from lab.testbed import Testbed
from lab.traffic import Stream
from lab.waiting import TimeOut, eventually, never, sleep_until

HEAL_S = {"802.3ad": 10.0}
"""How long traffic may take to find its way: with LACP a partner must be found first."""
OTHERWISE_S = 3.0
IN_FLIGHT_S, SILENT_S = 0.1, 0.2
RATE_PPS = 200.0


@dataclass(frozen=True, slots=True)
class Setting:
    """The bond of a story: its mode, its number of slaves, its MII monitor's interval in ms."""

    mode: str = "active-backup"
    slaves: int = 2
    miimon: int = 100


@dataclass(frozen=True, slots=True)
class Broken:
    """After step `number` (from 0) of a story, with these things broken, this was not as it must be."""

    number: int
    broken: frozenset[str]
    what: str


@dataclass(frozen=True, slots=True)
class Played:
    """After `faults` of a story, `looks` looks with what was expected then; what was `wrong`, if anything."""

    faults: int
    looks: Counter[Verdict]
    wrong: Broken | None = None


def play(bed: Testbed, bonding: Bonding, setting: Setting, story: Story, for_s: float = math.inf) -> Played:
    """Go on until the end, until `for_s` seconds are over, or until something is not as it must be.

    `bed` is left as it is then. Raises LabError, LabBroken.
    """
    looks: Counter[Verdict] = Counter()
    bonding(setting.mode, setting.slaves, miimon=setting.miimon)
    nics = bed.topology.slaves[: setting.slaves]
    both_ways = switches_follow(bed.topology, nics, setting.mode)
    with bonding.stream("out", rate_pps=RATE_PPS) as out, bonding.stream("in", rate_pps=RATE_PPS) as back:
        end_s = time.monotonic() + for_s
        for number, (step, broken) in enumerate(states(story)):
            if time.monotonic() > end_s and looks:  # without a look nothing would have been shown
                return Played(number, looks)
            until_s = time.monotonic() + step.hold_ms / 1e3
            break_and_mend(bed, broken, step.thing)
            if step.looked_at:
                expected = verdict(bed.topology, broken, nics, setting.mode)
                within_s = HEAL_S.get(setting.mode, OTHERWISE_S)
                try:
                    for stream in (out, back) if both_ways or expected == "cut off" else (out,):
                        _look(stream, expected, within_s)
                except TimeOut as late:
                    return Played(number + 1, looks, Broken(number, broken, f"{expected}, yet {late}"))
                looks[expected] += 1
            sleep_until(until_s)
    return Played(len(story), looks)


def break_and_mend(bed: Testbed, broken: Set[str], thing: str) -> None:
    """Bring the cables to what `broken` says; a switch that loses its power forgets what it learned."""
    for cable in bed.cables.values():
        plugged = works(cable.cable, broken)
        if cable.plugged and not plugged:
            cable.pull()
        elif plugged and not cable.plugged:
            cable.plug()
    if thing in broken and thing in bed.switches:
        bed.switches[thing].flush()
    bed.timeline.note("chaos", f"{thing} {'broken' if thing in broken else 'mended'}")


def _look(stream: Stream, expected: Verdict, within_s: float) -> None:
    """Raises TimeOut when it is not as expected."""
    if expected == "reachable":
        stream.wait_flowing(within=within_s)
    elif expected == "cut off":
        sent = stream.probe.sent
        eventually(lambda: stream.probe.sent > sent + IN_FLIGHT_S * RATE_PPS, within=5.0)
        arrived = stream.receiver.count
        never(
            lambda: stream.receiver.count > arrived,
            during=SILENT_S,
            what=f"stream {stream.probe.flow_id} arrives",
        )
