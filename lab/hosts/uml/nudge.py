"""Wakes a User-Mode Linux that has missed what came last.

It learns by a signal, SIGIO, that something can be read at a TAP, and asks epoll where. But a TAP's driver
sends the signal a moment before it tells epoll. A guest that runs on another processor may ask in between: it
finds nothing, and what has come stays unread until the next signal. Frame after frame nobody sees that; the
last frame of a stream then stays away for good. So the signal is sent again and again.
"""

from __future__ import annotations

import os
import signal
import threading

PERIOD_S = 0.02


class Nudge:
    """Sends SIGIO to process `pid` every `PERIOD_S`, from `begin` on until `end`, or until it is gone."""

    def __init__(self, pid: int) -> None:
        """The process must be there, or not be reaped yet. Raises OSError."""
        self._process = os.pidfd_open(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"nudge-{pid}", daemon=True)

    def begin(self) -> None:
        """The process must have a handler by now. Harmless twice."""
        if self._thread.ident is None:
            self._thread.start()

    def end(self) -> None:
        """Begun or not. Harmless twice."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._process >= 0:
            os.close(self._process)
        self._process = -1

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S):
            try:
                signal.pidfd_send_signal(self._process, signal.SIGIO)
            except ProcessLookupError:
                return
