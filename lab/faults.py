"""Faults as context managers: each proves that it took effect, is on the timeline, and heals on exit.

with CablePull(bed, bed.slave_cable(0)) as fault:
    ...                     # fault.at: seconds (monotonic) when it took effect
    fault.heal()            # earlier than the end of the block, where wanted
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from lab.cables import PatchCable
from lab.errors import LabError
from lab.switches.base import Switch
from lab.testbed import Testbed

_numbers = itertools.count(1)


class Fault(ABC):
    """Something that goes wrong on purpose. Raises LabError, LabBroken when it cannot be brought about."""

    def __init__(self, bed: Testbed, text: str) -> None:
        self.bed = bed
        self.text = text
        self._at_s: float | None = None
        self._on = False

    @property
    def at(self) -> float:
        """When it took effect, in seconds (monotonic)."""
        if self._at_s is None:
            raise LabError(f"{self.text}: not in effect yet")
        return self._at_s

    def __enter__(self) -> Self:
        self._on = True
        try:
            self._at_s = self._begin()
        except BaseException:
            self._end()
            raise
        self.bed.timeline.note("fault", self.text, self._at_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()

    def heal(self) -> None:
        """End the fault; once it has ended, nothing."""
        if self._on:
            self._on = False
            self._end()
            self.bed.timeline.note("fault", f"{self.text}: healed")

    @abstractmethod
    def _begin(self) -> float:
        """Bring it about and check that; when it took effect."""

    @abstractmethod
    def _end(self) -> None:
        """Undo it, also when `_begin` came half way."""


class CablePull(Fault):
    """The cable is unplugged: both devices lose carrier."""

    def __init__(self, bed: Testbed, cable: PatchCable) -> None:
        super().__init__(bed, f"cable {cable.name} pulled")
        self.cable = cable
        self._pulled = False

    def _begin(self) -> float:
        self._pulled = self.cable.plugged
        return self.cable.pull()

    def _end(self) -> None:
        if self._pulled:  # otherwise somebody else had pulled it, who plugs it in
            self.cable.plug()


class PowerOff(Fault):
    """The switch is without power: no carrier on any of its cables; it has forgotten what it learned."""

    def __init__(self, bed: Testbed, switch: Switch) -> None:
        super().__init__(bed, f"switch {switch.name} off")
        self.switch = switch
        self._pulls = [CablePull(bed, cable) for cable in bed.cables_of(switch.name)]

    def _begin(self) -> float:
        times = [pull.__enter__().at for pull in self._pulls]
        self.switch.flush()
        return max(times, default=time.monotonic())

    def _end(self) -> None:
        for pull in self._pulls:
            pull.heal()


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
        self._key = f"fault {next(_numbers)}"
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


class ForwardingDelay(Fault):
    """Whenever the link comes up, the carrier is there at once and frames pass only `delay_ms` ms later.

    As on a switch port that listens and learns first. `forwarding_at`: monotonic seconds of each release.
    """

    def __init__(self, bed: Testbed, cable: PatchCable, delay_ms: float) -> None:
        super().__init__(bed, f"cable {cable.name} forwards {delay_ms:g} ms after carrier")
        self.cable = cable
        self.delay_ms = delay_ms
        self.forwarding_at: list[float] = []
        self._key = ""
        self._timer: threading.Timer | None = None

    def _begin(self) -> float:
        self.cable.before_link.append(self._block)
        self.cable.after_link.append(self._count_down)
        return time.monotonic()

    def _end(self) -> None:
        for hooks, hook in ((self.cable.before_link, self._block), (self.cable.after_link, self._count_down)):
            if hook in hooks:
                hooks.remove(hook)
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        self.cable.heal(self._key)

    def _block(self) -> None:
        if self._timer:
            self._timer.cancel()
        # A key of its own each time: a timer that fires late frees its own link-up, not the next one.
        old, self._key = self._key, f"fault {next(_numbers)}"
        self.cable.impair(self._key, ["counter drop"])
        self.cable.heal(old)

    def _count_down(self) -> None:
        self._timer = threading.Timer(self.delay_ms / 1e3, self._forward, [self._key])
        self._timer.start()

    def _forward(self, key: str) -> None:
        self.cable.heal(key)
        self.forwarding_at.append(time.monotonic())
        self.bed.timeline.note("fault", f"cable {self.cable.name} forwards", self.forwarding_at[-1])
