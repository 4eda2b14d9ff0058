"""A story from its seed to its verdict: a fresh lab for each time it is played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from lab.bonding import Bonding
from lab.chaos.model import Verdict, verdict
from lab.chaos.play import Broken, Setting, play
from lab.chaos.shrink import shrink
from lab.chaos.story import Story, breakable, states, tell
from lab.drivers.fleet import Fleet
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.topology import Topology


def looks(topology: Topology, setting: Setting, story: Story) -> Counter[Verdict]:
    """After how many faults of a story something is expected, and what."""
    nics = topology.slaves[: setting.slaves]
    return Counter(verdict(topology, broken, nics) for step, broken in states(story) if step.looked_at)


def attempt(topology: Topology, setting: Setting, story: Story) -> tuple[Broken | None, str]:
    """What was wrong at first, if anything, and the timeline. Raises LabError, LabBroken."""
    with Testbed.build(topology, new_directory()) as bed:
        found = play(bed, Bonding(bed, Fleet(bed)), setting, story)
        return found, bed.timeline.render()


def chaos(topology: Topology, setting: Setting, seed: int, for_s: float, say: Callable[[str], None]) -> bool:
    """Play the story of `seed`; whether all was as it must be. `say` is told of a failure, line by line.

    A failing story is cut where it fails, and shrunk. Raises LabError, LabBroken.
    """
    things = breakable(topology, topology.slaves[: setting.slaves])
    story = tell(things, seed, round(for_s * 1e3))
    say(f"seed {seed}: {len(story)} faults in {for_s:g} s on {topology.name}, {setting.mode}")
    say(f"looks: {', '.join(f'{count} {what}' for what, count in looks(topology, setting, story).items())}")
    found, _ = attempt(topology, setting, story)
    if found is None:
        say("what had to be reachable was, what was cut off was not")
        return True
    say(f"after fault {found.number + 1}: {found.what}; shrinking")

    def fails(shorter: Story) -> bool:
        return attempt(topology, setting, shorter)[0] is not None

    shortest = shrink(story[: found.number + 1], fails)
    say(f"{len(shortest)} of them suffice:")
    for step in shortest:
        say(f"  {step.thing}, then {step.hold_ms} ms")
    again, timeline = attempt(topology, setting, shortest)
    say(again.what if again else "(it does not fail every time)")
    for line in timeline.splitlines():
        say(f"  {line}")
    return False
