"""The times of captured frames: from the wall clock, by which the kernel stamps, to the monotonic one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import packet_io

OFFSET_NS = 1_700_000_000_000_000_000
STEP_NS = 80


class Clocks:
    """Two clocks that each reading moves on; after some readings the reader is interrupted for a while."""

    def __init__(self, interrupted: dict[int, int]) -> None:
        """`interrupted`: ns lost after the reading of that number."""
        self._now = 0
        self._lost = self._losses(interrupted)

    def _losses(self, interrupted: dict[int, int]) -> Iterator[int]:
        number = 0
        while True:
            yield interrupted.get(number, 0)
            number += 1

    def monotonic_ns(self) -> int:
        now = self._now
        self._now += STEP_NS + next(self._lost)
        return now

    def time_ns(self) -> int:
        return self.monotonic_ns() + OFFSET_NS


@pytest.mark.parametrize(
    "interrupted",
    [
        {},
        {0: 600_000},
        {1: 600_000},
        {0: 600_000, 1: 200_000, 4: 9_000},
        dict.fromkeys(range(24), 4_000_000),
    ],
    ids=["never", "before the wall clock", "after it", "twice", "eight times in a row"],
)
def test_an_interruption_between_the_clocks_shifts_no_frame(
    interrupted: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks(interrupted)
    monkeypatch.setattr("lab.packet_io.time.monotonic_ns", clocks.monotonic_ns)
    monkeypatch.setattr("lab.packet_io.time.time_ns", clocks.time_ns)
    assert abs(packet_io.clock_offset_ns() - OFFSET_NS) <= STEP_NS


def test_it_ends_even_if_it_is_always_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks({number: 1_000_000 - number for number in range(1000)})
    monkeypatch.setattr("lab.packet_io.time.monotonic_ns", clocks.monotonic_ns)
    monkeypatch.setattr("lab.packet_io.time.time_ns", clocks.time_ns)
    assert abs(packet_io.clock_offset_ns() - OFFSET_NS) <= 1_000_000
