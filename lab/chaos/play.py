"""Playing a story in a lab: faults on its cables and switches, traffic both ways, a look after each fault."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass

from lab.bonding import Bonding
from lab.chaos.model import Verdict, verdict, works
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


def play(bed: Testbed, bonding: Bonding, setting: Setting, story: Story) -> Broken | None:
    """The first thing that is not as it must be; None when all is. `bed` is left as it is then.

    Raises LabError, LabBroken.
    """
    bonding(setting.mode, setting.slaves, miimon=setting.miimon)
    nics = bed.topology.slaves[: setting.slaves]
    with bonding.stream("out", rate_pps=RATE_PPS) as out, bonding.stream("in", rate_pps=RATE_PPS) as back:
        for number, (step, broken) in enumerate(states(story)):
            until_s = time.monotonic() + step.hold_ms / 1e3
            break_and_mend(bed, broken, step.thing)
            if step.looked_at:
                expected = verdict(bed.topology, broken, nics)
                within_s = HEAL_S.get(setting.mode, OTHERWISE_S)
                try:
                    for stream in (out, back):
                        _look(stream, expected, within_s)
                except TimeOut as late:
                    return Broken(number, broken, f"{expected}, yet {late}")
            sleep_until(until_s)
    return None


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
