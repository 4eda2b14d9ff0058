"""A delay line between interfaces of one namespace."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lab.delay_line.ends import new_tap, sender
from lab.delay_line.process import Carrier, Passage, Way
from lab.errors import LabBroken, LabError
from lab.nodes import ip_batch, run_in

TAP_MTU = 9216
TAP_QUEUE = 10_000  # frames that may wait until the process runs again


@dataclass(frozen=True, slots=True)
class Stretch:
    """One direction: what is put into the TAP `entry` leaves by the interface `exit` after a while.

    Both are in the namespace of process `pid`; the TAP is made and goes with the line. delay_ms: from the one
    to the other; jitter_ms: by how much it varies, up and down, evenly spread, without reordering.
    """

    pid: int
    entry: str
    exit: str
    delay_ms: float = 0.0
    jitter_ms: float = 0.0


class DelayLine:
    """Frames carried over `stretches` by a process, working on return. Raises LabBroken, LabError, OSError.

    It holds 64 MiB a direction at most.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = tuple(stretches)
        # On leaving, the process alone has the TAPs: they go when it goes.
        with ExitStack() as ours:
            ways = []
            for stretch in stretches:
                entry = new_tap(stretch.pid, stretch.entry)
                ours.callback(os.close, entry)
                open_entry(stretch.pid, stretch.entry)
                out = ours.enter_context(sender(stretch.pid, stretch.exit))
                ways.append(
                    Way(entry, out.fileno(), delay_s=stretch.delay_ms / 1e3, jitter_s=stretch.jitter_ms / 1e3)
                )
            self.carrier = Carrier(ways)

    def stop(self) -> tuple[Passage, ...]:
        """Hand on at once what is still held, and end; what passed, by stretch. Call it once.

        Raises LabBroken when the line itself has lost frames, or has died.
        """
        try:
            dropped = sum(_dropped(stretch) for stretch in self._stretches)
        except LabError:
            self.carrier.stop()  # when it died the TAPs went with it, at any moment: it has the reason
            raise
        passages = self.carrier.stop()
        if lost := dropped + sum(passage.overflowed for passage in passages):
            raise LabBroken(f"the delay line could not hold {lost} frames: send less, or delay less")
        return passages


def open_entry(pid: int, tap: str) -> None:
    """Bring up a TAP that frames are to be forwarded into. Raises LabError."""
    ip_batch(pid, [f"link set dev {tap} mtu {TAP_MTU} txqueuelen {TAP_QUEUE} up"])


def _dropped(stretch: Stretch) -> int:
    """Frames that the TAP had no room for, the process being late."""
    told = run_in(stretch.pid, ("ip", "-json", "-statistics", "link", "show", "dev", stretch.entry))
    return int(json.loads(told)[0]["stats64"]["tx"]["dropped"])
