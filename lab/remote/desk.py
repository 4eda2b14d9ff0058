"""The faults in force in one lab, by number; each is healed on demand, when its time is up, or at the end."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from lab.errors import TopologyError
from lab.faults import Fault
from lab.remote import words
from lab.testbed import Testbed


@dataclass(slots=True)
class _Case:
    fault: Fault
    word: str
    target: str
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
        if for_s is not None and for_s <= 0:
            raise TopologyError(f"a fault cannot last {for_s:g} s; possible: more than 0")
        with self._lock:
            fault = words.make(self._bed, word, target, amount)
            fault.__enter__()
            self._last += 1
            number = self._last
            case = _Case(fault, word, target, None if for_s is None else time.monotonic() + for_s)
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
            case = self._cases.pop(number)
            if case.timer:
                case.timer.cancel()
            case.fault.heal()
            return case.fault.text

    def heal_all(self) -> list[str]:
        """End all, the last one first; what they were."""
        with self._lock:
            return [self.heal(number) for number in reversed(list(self._cases))]

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
                self.heal(number)
