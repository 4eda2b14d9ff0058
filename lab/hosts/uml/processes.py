"""A command running in the background in a guest."""

from __future__ import annotations

import signal
from concurrent.futures import Future, wait

from lab.hosts.uml.channel import Channel, Ended


class GuestProcess:
    """Job `job` of the guest; `pid` is its process id there.

    Methods raise LabBroken when the guest is gone.
    """

    def __init__(self, channel: Channel, job: int, pid: int, end: Future[Ended]) -> None:
        self.pid = pid
        self._channel, self._job, self._end = channel, job, end

    def poll(self) -> int | None:
        """Exit code (negative: killed by that signal), or None while it runs."""
        return self._end.result().status if self._end.done() else None

    def stop(self, within_s: float = 5.0) -> int:
        """SIGTERM to its process group, then SIGKILL after `within_s` seconds; the exit code."""
        if not self._end.done():
            self._signal(signal.SIGTERM)
        return (self.wait(within_s) or self.kill()).status

    def output(self) -> str:
        """What it has printed so far (stdout and stderr together)."""
        said = "" if self._end.done() else str(self._channel.ask("output", job=self._job))
        return self._end.result().out if self._end.done() else said

    def wait(self, within_s: float) -> Ended | None:
        """Its end, or None when that has not come within so many seconds."""
        wait([self._end], within_s)
        return self._end.result() if self._end.done() else None

    def kill(self) -> Ended:
        """SIGKILL to its process group; its end."""
        if not self._end.done():
            self._signal(signal.SIGKILL)
        return self._end.result()

    def _signal(self, number: int) -> None:
        self._channel.ask("signal", job=self._job, number=number)
