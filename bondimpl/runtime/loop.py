"""The event loop: descriptors, timers and signals, in one thread."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from types import FrameType

from bondimpl.clock import RealClock
from bondimpl.errors import BondError

Handler = Callable[[int], None]
"""Called with the epoll events of its descriptor."""

READ = select.EPOLLIN
WRITE = select.EPOLLOUT


class Loop:
    """Level-triggered: a handler that leaves work undone is called again after the others."""

    def __init__(self, clock: RealClock, complain: Callable[[str], None]) -> None:
        """`complain` is told of requests that were refused outside of any command, such as by a timer."""
        self._clock = clock
        self._complain = complain
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._stop_asked = False

    def add(self, fd: int, handler: Handler, events: int = READ) -> None:
        """Have `handler` called when `fd` is ready."""
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def replace(self, fd: int, handler: Handler) -> None:
        """Another handler for a descriptor that is known."""
        self._handlers[fd] = handler

    def modify(self, fd: int, events: int) -> None:
        """Wait for other events."""
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Before closing it."""
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def run(self) -> None:
        """Until `stop`, which may have been called before. Errors other than BondError end it."""
        while not self._stop_asked:
            timeout = self._clock.timeout_ms()
            for fd, events in self._epoll.poll(None if timeout is None else timeout / 1000.0):
                # An earlier handler of this round may have removed it.
                if (handler := self._handlers.get(fd)) is not None:
                    self._guarded(handler, events)
            self._guarded(self._run_due)
        self._stop_asked = False

    def stop(self) -> None:
        """End `run` after this round."""
        self._stop_asked = True

    def close(self) -> None:
        self._epoll.close()

    def _run_due(self) -> None:
        self._clock.run_due()

    def _guarded(self, call: Callable[..., None], *arguments: int) -> None:
        try:
            call(*arguments)
        except BondError as error:
            self._complain(str(error))


class Signals:
    """Ends the loop on SIGTERM, SIGINT and SIGHUP. Another one during the clean-up changes nothing."""

    _WHICH = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for which in self._WHICH:
            signal.signal(which, self._on_signal)
        loop.add(self._read, self._on_wakeup)

    def close(self) -> None:
        """The process is about to end; another signal must not spoil its exit status."""
        for which in self._WHICH:
            signal.signal(which, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._loop.remove(self._read)
        os.close(self._read)
        os.close(self._write)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._loop.stop()

    def _on_wakeup(self, _events: int) -> None:
        os.read(self._read, 64)
