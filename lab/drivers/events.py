"""What the driver under test told while a case ran, with the times at which it happened."""

from __future__ import annotations

import threading

from bondimpl.errors import BondError
from bondimpl.runtime.control import ControlClient
from lab.drivers.userspace import Daemon
from lab.timeline import Moment


class EventLog:
    """The events of a daemon's bonds, as `bondctl monitor` shows them, from now until the daemon ends."""

    def __init__(self, daemon: Daemon) -> None:
        """Empty when the daemon does not answer: what it is asked next will tell why."""
        self._host = daemon.host.name
        self._client = ControlClient(daemon.socket)
        self._moments: list[Moment] = []
        try:
            self._events = self._client.events()
        except BondError:
            return
        threading.Thread(target=self._follow, name=f"events of {self._host}", daemon=True).start()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What has been heard so far, in order of time."""
        return tuple(self._moments)

    def _follow(self) -> None:
        try:
            for event in self._events:
                subject = f"{event['slave']}: " if event["slave"] else ""
                kind = "" if event["kind"] == "log" else f"{event['kind']} "
                at_s = event["time_ms"] / 1000  # of CLOCK_MONOTONIC, too
                text = f"{subject}{kind}{event['value']}"
                self._moments.append(Moment(at_s, f"{self._host} {event['bond']}", text))
        except BondError:  # the daemon has ended
            return
        finally:
            self._client.close()
