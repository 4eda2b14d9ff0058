"""The faults that one can ask for by word: what each does, to what, and how much of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lab import faults
from lab.cables import PatchCable
from lab.errors import TopologyError
from lab.faults import Fault
from lab.switch_faults import SwitchBounce, SwitchFreeze
from lab.testbed import Testbed
from lab.topology import Port

Kind = Literal["cable", "end", "switch", "host"]
"""`end`: one end of a cable, as NODE:PORT."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a fault: what the number is, its default (None: it must be said), and its range."""

    unit: str
    default: float | None = None
    least: float = 0.0
    most: float = float("inf")


@dataclass(frozen=True, slots=True)
class Word:
    """One fault. `make` gets the testbed, the target, and the amount if there is one to give."""

    text: str
    target: Kind
    make: Callable[..., Fault]
    amount: Amount | None = None
    acts_on: str | None = None

    @property
    def spoils(self) -> str:
        """What of a cable it acts on; of two faults that act on the same, one would undo the other."""
        return self.acts_on or self.text


@dataclass(frozen=True, slots=True)
class _End:
    cable: PatchCable
    node: str


_PERCENT = Amount("percent", 100, 0, 100)


def _arp(operation: Literal["request", "reply"] | None) -> Callable[..., Fault]:
    return lambda bed, cable, percent: faults.ArpLoss(bed, cable, operation, round(percent))


WORDS: Mapping[str, Word] = {
    "pull": Word("pull the cable: both ends lose carrier", "cable", faults.CablePull, acts_on="carrier"),
    "blackhole": Word("the cable keeps its carrier and carries nothing", "cable", faults.Blackhole),
    "one_way": Word(
        "what this end sends is lost; the other way is well",
        "end",
        lambda bed, end: faults.Blackhole(bed, end.cable, from_node=end.node),
    ),
    "flaps": Word(
        "the link goes down and up ten times, so many ms each",
        "cable",
        lambda bed, cable, ms: faults.Flaps(bed, cable, ms, ms, 10),
        Amount("ms", 500, 1),
        "carrier",
    ),
    "loss": Word(
        "so many percent of all frames are lost", "cable", faults.FrameLoss, Amount("percent", None, 0, 100)
    ),
    "arp_loss": Word("ARP is lost, or so many percent of it", "cable", _arp(None), _PERCENT),
    "arp_request_loss": Word("ARP requests are lost", "cable", _arp("request"), _PERCENT),
    "arp_reply_loss": Word("ARP replies are lost", "cable", _arp("reply"), _PERCENT),
    "lacp_loss": Word("LACPDUs are lost", "cable", faults.LacpLoss),
    "delay": Word("frames take so many ms longer", "cable", faults.Delay, Amount("ms", None, 0)),
    "bandwidth": Word(
        "the cable carries so many Mbit/s", "cable", faults.Bandwidth, Amount("Mbit/s", None, 0.1)
    ),
    "forwarding_delay": Word(
        "after the link comes up, nothing passes for so many ms",
        "cable",
        faults.ForwardingDelay,
        Amount("ms", None, 0),
    ),
    "power_off": Word(
        "the switch has no power: all its links are down", "switch", faults.PowerOff, acts_on="carrier"
    ),
    "freeze": Word("the switch hangs: links stay up, nothing passes", "switch", SwitchFreeze),
    "bounce": Word(
        "the switch restarts: its links are down for so many ms, and it has forgotten all",
        "switch",
        lambda bed, switch, ms: SwitchBounce(bed, switch, down_ms=ms),
        Amount("ms", 1000, 1),
        "carrier",
    ),
    "dead": Word(
        "the host answers nothing any more", "host", lambda bed, host: faults.TargetDown(bed, host.name)
    ),
}
"""By word, as `bondlab fault` takes it."""


def make(bed: Testbed, word: str, target: str, amount: float | None = None) -> Fault:
    """The fault of that word, not in effect yet. Raises TopologyError with what is allowed."""
    known = _known(word)
    thing = _find(bed, known.target, target)
    if known.amount is None:
        if amount is not None:
            raise TopologyError(f"{word} takes no number")
        return known.make(bed, thing)
    return known.make(bed, thing, _checked(word, known.amount, amount))


def targets(bed: Testbed, word: str) -> list[str]:
    """What the fault of that word can be applied to, by name and by role. Raises TopologyError."""
    kind = _known(word).target
    ends = [f"{end.node}:{end.name}" for cable in bed.cables.values() for end in (cable.a, cable.b)]
    if kind == "end":
        return ends
    named = {"cable": list(bed.cables), "switch": list(bed.switches), "host": list(bed.hosts)}
    things = named[kind]
    roles = [role for role, name in bed.topology.roles.items() if name in things and role not in things]
    return [*things, *roles, *(ends if kind == "cable" else ())]


def cables(bed: Testbed, word: str, target: str) -> frozenset[str]:
    """The names of the cables that the fault acts on. Raises TopologyError."""
    kind = WORDS[word].target
    thing = _find(bed, kind, target)
    if kind == "cable":
        return frozenset([thing.name])
    if kind == "end":
        return frozenset([thing.cable.name])
    return frozenset(cable.name for cable in bed.cables_of(thing.name))


def _known(word: str) -> Word:
    if word not in WORDS:
        raise TopologyError(f"no fault {word!r}; there are {', '.join(WORDS)}")
    return WORDS[word]


def _checked(word: str, range_: Amount, amount: float | None) -> float:
    number = range_.default if amount is None else amount
    if number is None:
        raise TopologyError(f"{word} needs a number: how many {range_.unit}")
    if not (range_.least <= number <= range_.most and math.isfinite(number)):
        most = "" if range_.most == float("inf") else f" to {range_.most:g}"
        raise TopologyError(
            f"{word}: {number:g} {range_.unit} is not possible; {range_.least:g}{most or ' or more'} is"
        )
    return number


def _find(bed: Testbed, kind: Kind, name: str) -> Any:
    """The cable (by name, role or end), its end, a switch or a host. Raises TopologyError."""
    if kind == "switch":
        return bed.switch(_one_of(name, bed.topology.roles.get(name, name), bed.switches, kind))
    if kind == "host":
        return bed.host(_one_of(name, bed.topology.roles.get(name, name), bed.hosts, kind))
    if kind == "end" or ":" in name:
        end = _end(bed, name)
        return end if kind == "end" else end.cable
    return bed.cables[_one_of(name, bed.topology.roles.get(name, name), bed.cables, kind)]


def _end(bed: Testbed, name: str) -> _End:
    node, _, port = name.partition(":")
    ends = {end: cable for cable in bed.cables.values() for end in (cable.a, cable.b)}
    wanted = Port(bed.topology.roles.get(node, node), port)
    if wanted not in ends:
        raise TopologyError(f"no cable in {name}; there are {', '.join(f'{e.node}:{e.name}' for e in ends)}")
    return _End(ends[wanted], wanted.node)


def _one_of(said: str, name: str, things: Mapping[str, object], kind: Kind) -> str:
    if name not in things:
        raise TopologyError(f"no {kind} {said!r}; there are {', '.join(things) or 'none'}")
    return name
