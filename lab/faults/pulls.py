"""Cables that are unplugged, one or many, once or again and again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from lab.cables import PatchCable
from lab.errors import LabError
from lab.faults.base import Fault
from lab.switches.base import Switch
from lab.testbed import Testbed


class CablePull(Fault):
    """The cable is unplugged: both devices lose carrier."""

    def __init__(self, bed: Testbed, cable: PatchCable) -> None:
        super().__init__(bed, f"cable {cable.name} pulled")
        self.cable = cable
        self._pulled = False

    def _begin(self) -> float:
        self._pulled = self.cable.plugged
        return self.cable.pull()

    def _end(self) -> None:
        if self._pulled:  # otherwise somebody else had pulled it, who plugs it in
            self.cable.plug()


class PowerOff(Fault):
    """The switch is without power: no carrier on any of its cables; it has forgotten what it learned."""

    def __init__(self, bed: Testbed, switch: Switch) -> None:
        super().__init__(bed, f"switch {switch.name} off")
        self.switch = switch
        self._pulls = [CablePull(bed, cable) for cable in bed.cables_of(switch.name)]

    def _begin(self) -> float:
        times = [pull.__enter__().at for pull in self._pulls]
        self.switch.flush()
        return max(times, default=time.monotonic())

    def _end(self) -> None:
        for pull in self._pulls:
            pull.heal()


class RemotePortFail(CablePull):
    """A cable behind the first switch fails: the NICs of the host under test keep their carrier."""

    def __init__(self, bed: Testbed, cable: PatchCable) -> None:
        super().__init__(bed, cable)
        if cable in bed.cables_of("host"):
            raise LabError(f"RemotePortFail: cable {cable.name} is in a NIC of the host under test")


class IslCut(RemotePortFail):
    """The cable between the switches (role `isl`) is cut. Raises TopologyError without one."""

    def __init__(self, bed: Testbed) -> None:
        super().__init__(bed, bed.cable("isl"))


@dataclass(frozen=True, slots=True)
class Flap:
    """Once down and up again, in monotonic seconds: when it was seen."""

    down_s: float
    up_s: float


class Flaps(Fault):
    """The cable goes down for `down_ms` and up for `up_ms`, `times` times, beginning on entry.

    `wait` lasts until it is over. Healed earlier it stops there, plugged in.
    """

    def __init__(self, bed: Testbed, cable: PatchCable, down_ms: float, up_ms: float, times: int) -> None:
        super().__init__(bed, f"cable {cable.name} flaps {times} times, {down_ms:g} ms down, {up_ms:g} ms up")
        if min(down_ms, up_ms) <= 0 or times < 1:
            raise LabError(f"{self.text}: times and durations must be above 0")
        self.cable = cable
        self.down_s, self.up_s, self.times = down_ms / 1e3, up_ms / 1e3, times
        self._flaps: list[Flap] = []
        self._failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"flaps-{cable.name}", daemon=True)
        self._first_down_s = 0.0

    @property
    def flaps(self) -> tuple[Flap, ...]:
        """Those that are over."""
        return tuple(self._flaps)

    def wait(self, within: float | None = None) -> tuple[Flap, ...]:
        """Wait until it is over; all flaps. Raises LabError when it is not, or the cable did not follow."""
        self._thread.join(self.times * (self.down_s + self.up_s) + 5 if within is None else within)
        if self._failure:
            raise LabError(f"{self.text}: {self._failure}") from self._failure
        if self._thread.is_alive():
            raise LabError(f"{self.text}: not over, {len(self._flaps)} so far")
        return self.flaps

    def _begin(self) -> float:
        if not self.cable.plugged:
            raise LabError(f"{self.text}: it is not plugged in")
        self._first_down_s = self.cable.pull()
        self._thread.start()
        return self._first_down_s

    def _end(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._first_down_s:  # otherwise it was pulled before, by somebody else
            self.cable.plug()
        if self._failure:
            raise LabError(f"{self.text}: {self._failure}") from self._failure

    def _run(self) -> None:
        try:
            down_s = self._first_down_s
            while not self._wait_until(down_s + self.down_s):
                up_s = self.cable.plug()
                self._flaps.append(Flap(down_s, up_s))
                self.bed.timeline.note("fault", f"cable {self.cable.name} up again", up_s)
                if len(self._flaps) == self.times or self._wait_until(up_s + self.up_s):
                    return
                down_s = self.cable.pull()
                self.bed.timeline.note("fault", f"cable {self.cable.name} down", down_s)
        except Exception as failure:
            self._failure = failure

    def _wait_until(self, at_s: float) -> bool:
        """Wait for that moment; whether it is to stop before."""
        return self._stop.wait(max(0.0, at_s - time.monotonic()))
