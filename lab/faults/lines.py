"""Cables that are long or slow: delay, jitter, unequal delays, a limited rate."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab.cables import PatchCable
from lab.delay_line.line import DelayLine, Stretch
from lab.delay_line.process import Passage
from lab.errors import LabError
from lab.faults.base import Fault
from lab.testbed import Testbed
from lab.topology import Port


class Delay(Fault):
    """Frames take `ms` longer, plus or minus `jitter_ms` (evenly spread), and stay in order.

    They leave the kernel's path for a process of the lab, after all other impairments and before the rate
    limit. On healing what is under way arrives at once. `from_node` makes it one way.
    """

    def __init__(
        self,
        bed: Testbed,
        cable: PatchCable,
        ms: float,
        jitter_ms: float = 0.0,
        from_node: str | None = None,
    ) -> None:
        spread = f" +- {jitter_ms:g}" if jitter_ms else ""
        way = f" from {from_node}" if from_node else ""
        super().__init__(bed, f"cable {cable.name}{way}: {ms:g}{spread} ms longer")
        if not 0 <= jitter_ms <= ms:
            raise LabError(f"{self.text}: the delay is 0 or more, the jitter not above it")
        node = bed.topology.role(from_node) if from_node else None
        self.cable = cable
        self._ends: tuple[Port, ...] = tuple(end for end in (cable.a, cable.b) if node in (None, end.node))
        if not self._ends:
            raise LabError(f"{self.text}: it does not touch {node}")
        self._stretches = tuple(
            Stretch(
                cable.patch_pid,
                entry=f"{cable.tap(end)}-line",
                exit=cable.tap(cable.b if end == cable.a else cable.a),
                delay_ms=ms,
                jitter_ms=jitter_ms,
            )
            for end in self._ends
        )
        self._line: DelayLine | None = None
        self._detoured = False
        self._passages: tuple[Passage, ...] = ()

    @property
    def passed(self) -> int:
        """Frames that took the long way; known once it has healed."""
        return sum(passage.passed for passage in self._passages)

    def _begin(self) -> float:
        if taken := set(self.cable.detours).intersection(self._ends):
            raise LabError(f"{self.text}: there is a delay already from {' and '.join(map(str, taken))}")
        try:
            self._line = DelayLine(self._stretches)
        except OSError as error:
            raise LabError(f"{self.text}: {error}") from error
        self.bed.undo.push(self.text, self.heal)  # should nobody else end its process
        entries = {end: s.entry for end, s in zip(self._ends, self._stretches, strict=True)}
        self.cable.detour(entries)
        self._detoured = True
        return time.monotonic()

    def _end(self) -> None:
        if self._detoured:
            self.cable.straighten(self._ends)
            self._detoured = False
        if self._line:
            line, self._line = self._line, None
            self._passages = line.stop()


class UnequalDelays(Fault):
    """Cable number n of these takes n * `step_ms` longer: what is striped over them arrives out of order."""

    def __init__(
        self, bed: Testbed, cables: Sequence[PatchCable], step_ms: float, from_node: str | None = None
    ) -> None:
        super().__init__(bed, f"{len(cables)} cables, each {step_ms:g} ms longer than the one before")
        if len(cables) < 2 or step_ms <= 0:
            raise LabError(f"{self.text}: it takes two cables and a step above 0")
        self._delays = [
            Delay(bed, cable, number * step_ms, from_node=from_node)
            for number, cable in enumerate(cables)
            if number
        ]

    @property
    def passed(self) -> int:
        """Frames that took a longer way; known once it has healed."""
        return sum(delay.passed for delay in self._delays)

    def _begin(self) -> float:
        return max(delay.__enter__().at for delay in self._delays)

    def _end(self) -> None:
        for delay in self._delays:
            delay.heal()


class Bandwidth(Fault):
    """The cable carries `mbit` Mbit/s (bits on layer 2) each way; what exceeds a queue of 20 ms is lost."""

    def __init__(self, bed: Testbed, cable: PatchCable, mbit: float) -> None:
        super().__init__(bed, f"cable {cable.name} limited to {mbit:g} Mbit/s")
        if mbit <= 0:
            raise LabError(f"{self.text}: it must be above 0")
        self.cable = cable
        self.mbit = mbit
        self._before: float | None = None

    def _begin(self) -> float:
        self._before = self.cable.rate_mbit
        self.cable.limit(self.mbit)
        return time.monotonic()

    def _end(self) -> None:
        self.cable.limit(self._before)
