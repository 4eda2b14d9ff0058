"""A port whose carrier comes before its forwarding."""

from __future__ import annotations

import threading
import time

from lab.cables import PatchCable
from lab.faults.base import Fault
from lab.faults.rules import new_key
from lab.testbed import Testbed


class ForwardingDelay(Fault):
    """Whenever the link comes up, the carrier is there at once and frames pass only `delay_ms` ms later.

    As on a switch port that listens and learns first. `forwarding_at`: monotonic seconds of each release.
    """

    def __init__(self, bed: Testbed, cable: PatchCable, delay_ms: float) -> None:
        super().__init__(bed, f"cable {cable.name} forwards {delay_ms:g} ms after carrier")
        self.cable = cable
        self.delay_ms = delay_ms
        self.forwarding_at: list[float] = []
        self._key = ""
        self._timer: threading.Timer | None = None

    def _begin(self) -> float:
        self.cable.before_link.append(self._block)
        self.cable.after_link.append(self._count_down)
        return time.monotonic()

    def _end(self) -> None:
        for hooks, hook in ((self.cable.before_link, self._block), (self.cable.after_link, self._count_down)):
            if hook in hooks:
                hooks.remove(hook)
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        self.cable.heal(self._key)

    def _block(self) -> None:
        if self._timer:
            self._timer.cancel()
        # A key of its own each time: a timer that fires late frees its own link-up, not the next one.
        old, self._key = self._key, new_key()
        self.cable.impair(self._key, ["counter drop"])
        self.cable.heal(old)

    def _count_down(self) -> None:
        self._timer = threading.Timer(self.delay_ms / 1e3, self._forward, [self._key])
        self._timer.start()

    def _forward(self, key: str) -> None:
        self.cable.heal(key)
        self.forwarding_at.append(time.monotonic())
        self.bed.timeline.note("fault", f"cable {self.cable.name} forwards", self.forwarding_at[-1])
