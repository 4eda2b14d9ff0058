"""What was done, and how to undo it: last in, first out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to undo: `what` in words, `action` does it."""

    what: str
    action: Callable[[], None]


class UndoStack:
    """A stack of undo steps. Push the undo *before* the change, so that a change half done is undone too."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._steps)

    def push(self, what: str, action: Callable[[], None]) -> None:
        """Remember `action`; it must do no harm when the change never came about."""
        with self._lock:
            self._steps.append(Step(what, action))

    def unwind(self) -> None:
        """Undo everything, the youngest first, all of it even when some fail; then the stack is empty.

        Raises ExceptionGroup of what failed, each with a note that says which step it was.
        """
        errors: list[Exception] = []
        done = 0
        while self._steps:
            with self._lock:
                step = self._steps.pop()
            done += 1
            try:
                step.action()
            except Exception as error:
                error.add_note(f"while undoing: {step.what}")
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} of {done} undo steps failed", errors)
