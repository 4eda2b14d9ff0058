"""Further transmit queues of a bond's TAP: what comes by one leaves by the slave that has its number."""

from __future__ import annotations

import errno
import os
from typing import Protocol

from bondimpl.forwarding import ForwardingPlan
from bondimpl.runtime.loop import Handler, Loop
from bondimpl.runtime.vlan_path import BUDGET


class Path(Protocol):
    """What the data path does with frames of the host. They lie in its buffer behind their header."""

    def from_host(self, count: int) -> None:
        """Send the first `count` bytes by the plan."""

    def send_by(self, slave: str, count: int) -> None:
        """Send them by this slave."""


class QueuePath:
    """The queues but the first, by number."""

    def __init__(self, loop: Loop, path: Path, sent: memoryview) -> None:
        """`sent`: the buffer of `path`."""
        self._loop = loop
        self._path = path
        self._sent = sent
        self._open: set[int] = set()
        self.plan = ForwardingPlan()

    def add(self, number: int, fd: int) -> None:
        """Its descriptor is open until `close`, or for as long as the device is there."""
        self._open.add(fd)
        self._loop.add(fd, self._handler(number, fd))

    def close(self) -> None:
        """Their descriptors are about to be closed."""
        for fd in list(self._open):
            self._remove(fd)

    def _remove(self, fd: int) -> None:
        self._open.remove(fd)
        self._loop.remove(fd)

    def _handler(self, number: int, fd: int) -> Handler:
        path, vector = self._path, [self._sent]

        def handler(_events: int) -> None:
            try:
                for _ in range(BUDGET):
                    count = os.readv(fd, vector)
                    slave = self.plan.queues.get(number)
                    if slave is None:
                        path.from_host(count)
                    else:
                        path.send_by(slave, count)
            except BlockingIOError:
                pass
            except OSError as error:
                # Else the kernel was short of memory, or could not put a frame in a header.
                if error.errno == errno.EBADFD:
                    self._remove(fd)  # the first queue tells that the device is lost

        return handler
