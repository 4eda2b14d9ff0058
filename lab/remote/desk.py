"""The faults in force in one lab, by number; each is healed on demand, when its time is up, or at the end."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from lab.errors import LabError, TopologyError
from lab.faults import Fault
from lab.remote import words
from lab.testbed import Testbed


@dataclass(slots=True)
class _Case:
    fault: Fault
    word: str
    target: str
    cables: frozenset[str]
    until_s: float | None
    timer: threading.Timer | None = None


class FaultDesk:
    """Safe for several threads."""

    def __init__(self, bed: Testbed) -> None:
        self._bed = bed
        self._lock = threading.RLock()
        self._cases: dict[int, _Case] = {}
        self._last = 0

    def apply(self, word: str, target: str, amount: float | None = None, for_s: float | None = None) -> int:
        """Bring a fault about; its number. Raises LabError, LabBroken."""
        if for_s is not None and not (for_s > 0 and math.isfinite(for_s)):
            raise TopologyError(f"a fault cannot last {for_s:g} s; possible: more than 0")
        with self._lock:
            fault = words.make(self._bed, word, target, amount)
            cables = words.cables(self._bed, word, target)
            for known, case in self._cases.items():
                shared = sorted(case.cables & cables)
                if shared and words.WORDS[case.word].spoils == words.WORDS[word].spoils:
                    has = f"{', '.join(shared)} has fault {known} ({case.word})"
                    raise TopologyError(f"{word}: {has}: heal that first")
            fault.__enter__()
            self._last += 1
            number = self._last
            until_s = None if for_s is None else time.monotonic() + for_s
            case = _Case(fault, word, target, cables, until_s)
            self._cases[number] = case
            if for_s is not None:
                case.timer = threading.Timer(for_s, self._expired, (number,))
                case.timer.daemon = True
                case.timer.start()
            return number

    def heal(self, number: int) -> str:
        """End one; what it was. Raises TopologyError when there is none of that number."""
        with self._lock:
            if number not in self._cases:
                there = ", ".join(map(str, self._cases)) or "none"
                raise TopologyError(f"no fault {number} in force; there are: {there}")
            case = self._cases[number]
            if case.timer:
                case.timer.cancel()
            case.fault.heal()
            del self._cases[number]  # one that could not be healed is still there to be seen
            return case.fault.text

    def heal_all(self) -> list[str]:
        """End all, the last one first; what they were. Raises LabError once all have been tried."""
        healed, failed = [], []
        with self._lock:
            for number in reversed(list(self._cases)):
                try:
                    healed.append(self.heal(number))
                except LabError as error:
                    failed.append(str(error))
        if failed:
            raise LabError("; ".join(failed))
        return healed

    def in_force(self) -> list[dict[str, object]]:
        """Number, word, target, text, and the seconds left (None: until it is healed) of each."""
        now = time.monotonic()
        with self._lock:
            return [
                {
                    "number": number,
                    "word": case.word,
                    "target": case.target,
                    "text": case.fault.text,
                    "left_s": None if case.until_s is None else max(0.0, round(case.until_s - now, 1)),
                }
                for number, case in self._cases.items()
            ]

    def _expired(self, number: int) -> None:
        with self._lock:
            if number in self._cases:  # somebody may have healed it just before
                try:
                    self.heal(number)
                except LabError as error:
                    self._bed.timeline.note("fault", f"{number} cannot be healed: {error}")
