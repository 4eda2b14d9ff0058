"""What all faults have in common: they prove that they took effect, are on the timeline, and heal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from lab.errors import LabError
from lab.testbed import Testbed


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
            self._end()
            self._on = False
            self.bed.timeline.note("fault", f"{self.text}: healed")

    @abstractmethod
    def _begin(self) -> float:
        """Bring it about and check that; when it took effect."""

    @abstractmethod
    def _end(self) -> None:
        """Undo it, also when `_begin` came half way."""
