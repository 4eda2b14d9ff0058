"""What was seen on the cables of the host under test."""

from __future__ import annotations

from collections.abc import Callable

from lab import frames
from lab.cases import Capture, Port, Seen, Testbed

Match = Callable[[bytes], bool]


def is_probe(frame: bytes) -> bool:
    """A numbered frame of a stream."""
    return frames.probe(frame) is not None


class Wire:
    """Frames on the cables of the host's NICs since the last `mark()`."""

    def __init__(self, bed: Testbed, capture: Capture) -> None:
        self._capture = capture
        self._ports = {port.name: port for port in bed.topology.slaves}
        self.since_s = 0.0

    def mark(self) -> float:
        """Forget what was seen so far; the moment in monotonic seconds."""
        self.since_s = self._capture.mark()
        return self.since_s

    def left_by(self, nic: str, match: Match = is_probe) -> tuple[Seen, ...]:
        """Frames that the host sent on this NIC."""
        return self._frames(self._ports[nic], True, match)

    def reached(self, nic: str, match: Match = is_probe) -> tuple[Seen, ...]:
        """Frames delivered to the host on this NIC."""
        return self._frames(self._ports[nic], False, match)

    def shares(self, match: Match = is_probe) -> dict[str, int]:
        """How many such frames left by each NIC that sent any."""
        counts = {nic: len(self.left_by(nic, match)) for nic in self._ports}
        return {nic: count for nic, count in counts.items() if count}

    def arrivals(self, match: Match = is_probe) -> dict[str, int]:
        """How many such frames were delivered on each NIC that got any."""
        counts = {nic: len(self.reached(nic, match)) for nic in self._ports}
        return {nic: count for nic, count in counts.items() if count}

    def order(self, match: Match = is_probe) -> list[str]:
        """NICs by which the host sent such frames, in order of time."""
        seen = [frame for nic in self._ports for frame in self.left_by(nic, match)]
        return [frame.end.name for frame in sorted(seen, key=lambda frame: frame.at_s)]

    def _frames(self, end: Port, sent: bool, match: Match) -> tuple[Seen, ...]:
        self._capture.settle()
        return tuple(self._capture.frames(end, sent, self.since_s, match))
