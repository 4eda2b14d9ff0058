"""Frames that the cable swallows, by nft rules in their way; the carrier stays."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Sequence
from typing import Literal

from lab.cables import PatchCable
from lab.errors import LabError
from lab.faults.base import Fault
from lab.testbed import Testbed

_numbers = itertools.count(1)


def new_key() -> str:
    """A key for `PatchCable.impair` that no other fault has."""
    return f"fault {next(_numbers)}"


class Impairment(Fault):
    """nft rules in the way of the frames of a cable; carrier stays. `from_node` makes it one way."""

    def __init__(
        self, bed: Testbed, cable: PatchCable, text: str, rules: Sequence[str], from_node: str | None = None
    ) -> None:
        way = f" from {from_node}" if from_node else ""
        super().__init__(bed, f"cable {cable.name}{way}: {text}")
        self.cable = cable
        self.rules = tuple(rules)
        self.from_node = bed.topology.role(from_node) if from_node else None
        self._key = new_key()
        self._swallowed = 0

    @property
    def swallowed(self) -> int:
        """Frames that met a `counter` of the rules so far."""
        if self._on:
            found = re.findall(r"counter packets (\d+)", self.cable.rules_in_force(self._key))
            self._swallowed = sum(int(count) for count in found)
        return self._swallowed

    def _begin(self) -> float:
        self.cable.impair(self._key, self.rules, from_node=self.from_node)
        at_s = time.monotonic()
        self.cable.rules_in_force(self._key)  # raises when the kernel does not have them
        return at_s

    def _end(self) -> None:
        self.cable.heal(self._key)

    def heal(self) -> None:
        """End the fault; `swallowed` keeps its last value."""
        if self._on:
            self.swallowed  # noqa: B018  # remember it: the counters go with the rules
        super().heal()


class Blackhole(Impairment):
    """The cable keeps its carrier and swallows every frame (of one direction: `from_node`)."""

    def __init__(self, bed: Testbed, cable: PatchCable, from_node: str | None = None) -> None:
        super().__init__(bed, cable, "blackhole", ["counter drop"], from_node)


class ArpLoss(Impairment):
    """The cable swallows `percent` percent of the ARP frames, tagged ones too, or of one operation only."""

    def __init__(
        self,
        bed: Testbed,
        cable: PatchCable,
        operation: Literal["request", "reply"] | None = None,
        percent: int = 100,
        from_node: str | None = None,
    ) -> None:
        if operation not in (None, "request", "reply") or not 0 <= percent <= 100:
            raise LabError(f"ArpLoss: operation {operation!r} (request, reply), {percent} percent (0 to 100)")
        # Not `ether type`, which in a tagged frame is the tag's.
        match = "meta protocol arp" + (f" arp operation {operation}" if operation else "")
        share = "" if percent == 100 else f" numgen random mod 100 < {percent}"
        text = f"{percent} % of ARP {operation + ' ' if operation else ''}lost"
        super().__init__(bed, cable, text, [f"{match}{share} counter drop"], from_node)


class FrameLoss(Impairment):
    """The cable swallows `percent` percent of all frames, by chance (steps of 0.01; a super-frame is one)."""

    def __init__(self, bed: Testbed, cable: PatchCable, percent: float, from_node: str | None = None) -> None:
        in_10000 = round(percent * 100)
        if not 0 <= percent <= 100 or abs(in_10000 - percent * 100) > 1e-6:
            raise LabError(f"FrameLoss: {percent} percent (0 to 100 in steps of 0.01)")
        rule = f"numgen random mod 10000 < {in_10000} counter drop" if percent < 100 else "counter drop"
        super().__init__(bed, cable, f"{percent:g} % of frames lost", [rule], from_node)


class LacpLoss(Impairment):
    """The cable swallows LACPDUs and nothing else: to the other end this one does no LACP."""

    def __init__(self, bed: Testbed, cable: PatchCable, from_node: str | None = None) -> None:
        rules = ["ether type 0x8809 @ll,112,8 1 counter drop"]  # subtype 1 of the slow protocols
        super().__init__(bed, cable, "LACPDUs lost", rules, from_node)


class TargetDown(Fault):
    """A host is dead: nothing it says is heard. The carrier of its cables stays, nobody sees it by that."""

    def __init__(self, bed: Testbed, role: str) -> None:
        name = bed.topology.role(role)
        super().__init__(bed, f"host {name} dead")
        if name == bed.topology.role("host"):
            raise LabError("TargetDown: that is the host under test")
        self._silences = [Blackhole(bed, cable, name) for cable in bed.cables_of(name)]
        if not self._silences:
            raise LabError(f"TargetDown: {role} ({name}) has no cable")

    @property
    def swallowed(self) -> int:
        """Frames that it said in vain."""
        return sum(silence.swallowed for silence in self._silences)

    def _begin(self) -> float:
        return max(silence.__enter__().at for silence in self._silences)

    def _end(self) -> None:
        for silence in self._silences:
            silence.heal()
