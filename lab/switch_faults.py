"""Faults of whole switches, as context managers: each proves that it took effect, and heals on exit.

with SwitchBounce(bed, bed.switch("switch_a"), down_ms=1000, forwarding_ms=5000) as restart:
    restart.wait_carrier()      # its links are back; frames pass 4 s later
    restart.wait_forwarding()

They act on the cables, so they are the same for every kind of switch. `lab.faults.PowerOff` is the switch
without power.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from lab.cables import PatchCable
from lab.errors import LabBroken, LabError
from lab.faults import Blackhole, Fault
from lab.switches.base import Switch
from lab.testbed import Testbed
from lab.waiting import TimeOut, eventually

_numbers = itertools.count(1)
MARGIN_S = 5.0
"""How much longer than planned a bounce may take before the lab is to blame."""


class SwitchFreeze(Fault):
    """The switch hangs: all links stay up, and nobody is home. No frame gets in or out, LACPDUs neither.

    It forgets nothing: after the freeze it goes on with the MAC table and the groups of before.
    """

    def __init__(self, bed: Testbed, switch: Switch) -> None:
        super().__init__(bed, f"switch {switch.name} frozen")
        self.switch = switch
        self._holes = [Blackhole(bed, cable) for cable in bed.cables_of(switch.name)]
        self._stack = ExitStack()

    @property
    def swallowed(self) -> int:
        """Frames to and from the switch that were lost so far."""
        return sum(hole.swallowed for hole in self._holes)

    def _begin(self) -> float:
        for hole in self._holes:
            self._stack.enter_context(hole)
        return max((hole.at for hole in self._holes), default=time.monotonic())

    def _end(self) -> None:
        self._stack.close()


class SwitchBounce(Fault):
    """The switch restarts: all its links go down and what it has learned is gone; then it comes back.

    down_ms: when the links come up, from the start. forwarding_ms: when frames pass again, from the start: a
    switch has a carrier before it forwards. flaps: how often the links go away again first, each time down
    for `flap_ms` after having been up for as long. Cables that were pulled before stay so.
    `carrier_at`, `forwarding_at`: when the links came up for good and when frames passed (monotonic
    seconds). The end of the block ends it wherever it is: links up, frames pass. Raises LabError.
    """

    def __init__(
        self,
        bed: Testbed,
        switch: Switch,
        *,
        down_ms: float = 1000,
        forwarding_ms: float = 0,
        flaps: int = 0,
        flap_ms: float = 300,
    ) -> None:
        if min(down_ms, forwarding_ms, flaps) < 0 or flap_ms <= 0:
            raise LabError(f"SwitchBounce: {down_ms:g} ms down, {flaps} flaps of {flap_ms:g} ms")
        text = f"switch {switch.name} restarts: down {down_ms:g} ms"
        text += f", {flaps} flaps of {flap_ms:g} ms" if flaps else ""
        text += f", forwards after {forwarding_ms:g} ms" if forwarding_ms else ""
        super().__init__(bed, text)
        self.switch = switch
        self.carrier_at: float | None = None
        self.forwarding_at: float | None = None
        self._links = _links(down_ms / 1e3, flaps, flap_ms / 1e3)
        self._forwarding_s = max(forwarding_ms / 1e3, self._links[-1][0])
        self._cables: list[PatchCable] = []
        self._key = f"bounce {next(_numbers)}"
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def wait_carrier(self) -> float:
        """Wait until the links are up for good; when that was, monotonic seconds. Raises LabBroken."""
        return self._wait("carrier", lambda: self.carrier_at, self._links[-1][0])

    def wait_forwarding(self) -> float:
        """Wait until frames pass; when that was, monotonic seconds. Raises LabBroken."""
        return self._wait("forwarding", lambda: self.forwarding_at, self._forwarding_s)

    def _begin(self) -> float:
        self._cables = [cable for cable in self.bed.cables_of(self.switch.name) if cable.plugged]
        begun = [cable.pull() for cable in self._cables]
        for cable in self._cables:
            cable.impair(self._key, ["counter drop"])
        self.switch.flush()
        at_s = max(begun, default=time.monotonic())
        self._thread = threading.Thread(target=self._come_back, args=[at_s], name=self._key, daemon=True)
        self._thread.start()
        return at_s

    def _end(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        for cable in self._cables:
            cable.plug()
            cable.heal(self._key)
        if self._failure:
            raise LabBroken(f"{self.text}: {self._failure}") from self._failure

    def _come_back(self, at_s: float) -> None:
        try:
            for after_s, up in self._links:
                if self._stopped_before(at_s + after_s):
                    return
                moved = [cable.plug() if up else cable.pull() for cable in self._cables]
                last = max(moved, default=time.monotonic())
                self._note(f"links {'up' if up else 'down'}", last)
            self.carrier_at = last
            if self._stopped_before(at_s + self._forwarding_s):
                return
            for cable in self._cables:
                cable.heal(self._key)
            self.forwarding_at = time.monotonic()
            self._note("forwards", self.forwarding_at)
        except BaseException as error:
            self._failure = error

    def _stopped_before(self, at_s: float) -> bool:
        """Wait until that moment (monotonic seconds), or until the fault is to end; whether it is."""
        return self._stop.wait(max(0.0, at_s - time.monotonic()))

    def _note(self, what: str, at_s: float) -> None:
        self.bed.timeline.note("fault", f"switch {self.switch.name}: {what}", at_s)

    def _wait(self, what: str, reached: Callable[[], float | None], planned_s: float) -> float:
        within = max(0.0, self.at + planned_s - time.monotonic()) + MARGIN_S
        try:
            eventually(lambda: reached() or self._failure or self._stop.is_set(), within, what=what)
        except TimeOut as error:
            raise LabBroken(f"{self.text}: {error}") from error
        at_s = reached()
        if at_s is None:
            raise LabBroken(f"{self.text}: no {what}: {self._failure or 'it was healed before'}")
        return at_s


def _links(down_s: float, flaps: int, flap_s: float) -> Sequence[tuple[float, bool]]:
    """When (seconds from the start) the links change, and whether they are up from then on."""
    changes = [(down_s, True)]
    for _ in range(flaps):
        last, _ = changes[-1]
        changes += [(last + flap_s, False), (last + 2 * flap_s, True)]
    return changes
