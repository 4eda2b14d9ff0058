"""A story of faults, as plain data. Every subsequence of a story is a story, too: so it can be shrunk."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.topology import Port, Topology

FLAP_MS = (5, 200)
"""How soon the next fault follows, where it comes before the bond has settled."""
SETTLED_MS = (400, 1200)
"""The same, where there is time to look."""
FLAPS = 0.3
"""Share of faults that the next one follows at once."""
MENDS = 0.5
"""How likely something broken is mended, where there is any, rather than anything broken or mended."""


@dataclass(frozen=True, slots=True)
class Step:
    """`thing`, a cable or a switch, breaks if it is whole and is mended if it is broken; then `hold_ms`."""

    thing: str
    hold_ms: int

    @property
    def looked_at(self) -> bool:
        """Whether there is time to see what has become of the traffic."""
        return self.hold_ms >= SETTLED_MS[0]


Story = tuple[Step, ...]


def breakable(topology: Topology, nics: Sequence[Port]) -> tuple[str, ...]:
    """The switches, and the cables that matter: of these NICs, of the peer, between switches."""
    switches = [switch.name for switch in topology.switches]
    nodes = {*switches, topology.role("peer")}
    cables = [
        cable.name
        for cable in topology.cables
        if all(end in nics or end.node in nodes for end in (cable.a, cable.b))
    ]
    return (*cables, *switches)


def tell(things: Sequence[str], seed: int, for_ms: int) -> Story:
    """A story about these things, of that length, the same for the same seed; it ends with a look."""
    chance = random.Random(seed)
    broken: set[str] = set()
    steps: list[Step] = []
    while sum(step.hold_ms for step in steps) < for_ms or not steps[-1].looked_at:
        mend = broken and chance.random() < MENDS
        thing = chance.choice(sorted(broken) if mend else things)
        broken ^= {thing}
        steps.append(Step(thing, chance.randint(*(FLAP_MS if chance.random() < FLAPS else SETTLED_MS))))
    return tuple(steps)


def states(story: Sequence[Step]) -> Iterator[tuple[Step, frozenset[str]]]:
    """Each step, and what is broken after it."""
    broken: frozenset[str] = frozenset()
    for step in story:
        broken ^= {step.thing}
        yield step, broken
