"""A story from its seed to its verdict: a fresh lab for each time it is played."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from lab.bonding import Bonding
from lab.chaos.fitting import fitting, misfit
from lab.chaos.play import Played, Setting, play
from lab.chaos.shrink import shrink
from lab.chaos.story import Story, breakable, tell
from lab.drivers.fleet import Fleet
from lab.errors import TopologyError
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.topology import Topology


def attempt(
    topology: Topology, setting: Setting, story: Story, for_s: float = math.inf
) -> tuple[Played, str]:
    """How it went, for so many seconds at most, and the timeline. Raises LabError, LabBroken."""
    with Testbed.build(topology, new_directory()) as bed:
        played = play(bed, Bonding(bed, Fleet(bed)), setting, story, for_s)
        return played, bed.timeline.render()


def chaos(topology: Topology, setting: Setting, seed: int, for_s: float, say: Callable[[str], None]) -> bool:
    """Play the story of `seed`; whether all was as it must be. `say` is told of a failure, line by line.

    A failing story is cut where it fails, and shrunk. Raises LabError, LabBroken, and TopologyError when the
    mode does not fit.
    """
    if why := misfit(topology, setting.mode, setting.slaves):
        raise TopologyError(f"{topology.name}: {why}")
    things = breakable(topology, topology.slaves[: setting.slaves])
    story = tell(things, seed, round(for_s * 1e3))
    say(f"seed {seed}: {len(story)} faults in {for_s:g} s on {topology.name}, {setting.mode}")
    played, _ = attempt(topology, setting, story, for_s)
    cut = "" if played.faults == len(story) else f"; the time was up after fault {played.faults}"
    say(f"looks: {', '.join(f'{count} {what}' for what, count in played.looks.items()) or 'none'}{cut}")
    if played.wrong is None and not played.looks:
        say("nothing was looked at: it takes more time")
        return False
    if played.wrong is None:
        say("what had to be reachable was, what was cut off was not")
        return True
    say(f"after fault {played.faults}: {played.wrong.what}; shrinking")

    def fails(shorter: Story) -> bool:
        return attempt(topology, setting, shorter)[0].wrong is not None

    shortest = shrink(story[: played.faults], fails)
    say(f"{len(shortest)} of them suffice:")
    for step in shortest:
        say(f"  {step.thing}, then {step.hold_ms} ms")
    again, timeline = attempt(topology, setting, shortest)
    say(again.wrong.what if again.wrong else "(it does not fail every time)")
    for line in timeline.splitlines():
        say(f"  {line}")
    return False


def turns(topology: Topology, setting: Setting, seed: int, for_s: float, say: Callable[[str], None]) -> bool:
    """As `chaos`, with each mode that fits in its turn: each has its share of the `for_s` seconds."""
    modes = fitting(topology, setting.slaves)
    held: dict[str, bool] = {}
    for mode in modes:
        held[mode] = chaos(topology, replace(setting, mode=mode), seed, for_s / len(modes), say)
    for mode, good in held.items():
        say(f"{mode}: {'holds' if good else 'FAILS'}")
    return all(held.values())
