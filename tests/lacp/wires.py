"""Two ends of an aggregate joined by cables without I/O; time is counted in ticks of 100 ms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bondimpl.lacp.aggregation import Aggregation, LacpConfig
from bondimpl.lacp.port import Port
from bondimpl.machine import Speed

GIGABIT = Speed(1000, "full")
TEN_GIGABIT = Speed(10_000, "full")

Frames = list[tuple[int, str, bytes]]
"""End (0 or 1), slave and frame."""

Options = Mapping[str, Any]
"""Fields of LacpConfig by name."""


def mac(end: int, last: int) -> bytes:
    """An address of that end."""
    return bytes([2, 0, 0, 0, end, last])


class Pair:
    """Two bonds with `links` cables eth0 - eth0, eth1 - eth1, ...; options of LacpConfig by end.

    `late`: ticks by which the second end's clock is behind the first one's.
    """

    def __init__(self, links: int = 2, *, first: Options | None = None, late: int = 0, **both: Any) -> None:
        self.names = [f"eth{i}" for i in range(links)]
        self.cut: set[str] = set()
        self.speeds = dict.fromkeys(self.names, TEN_GIGABIT)
        self.swallow: Callable[[int, str, bytes], bool] = lambda _end, _slave, _frame: False
        self.each_tick: Callable[[], None] = lambda: None
        """Called when both ends have ticked, before what they sent arrives."""
        self.sent: Frames = []
        self.looped: list[tuple[int, str]] = []
        self.ticks = 0
        self.options: list[Options] = [{**both, **(first or {})}, both]
        self.ends = [self._end(0), self._end(1)]
        for _ in range(late):
            self.ends[0].tick()
        self.deliver()

    def _end(self, end: int) -> Aggregation:
        config = LacpConfig(system=mac(end, 0xFF), **self.options[end])
        made = Aggregation(
            config,
            send=lambda slave, frame: self.sent.append((end, slave, frame)),
            looped=lambda slave: self.looped.append((end, slave)),
        )
        for name in self.names:
            self._add(made, end, name)
        made.opened()
        return made

    def _add(self, to: Aggregation, end: int, slave: str) -> None:
        to.add(slave, mac(end, self.names.index(slave)), self.speeds[slave], enabled=slave not in self.cut)

    # ---- what may happen

    def pull(self, slave: str) -> None:
        self.cut.add(slave)
        self._tell(slave)

    def plug(self, slave: str) -> None:
        self.cut.discard(slave)
        self._tell(slave)

    def set_speed(self, slave: str, speed: Speed) -> None:
        self.speeds[slave] = speed
        self._tell(slave)

    def _tell(self, slave: str) -> None:
        for end in self.ends:
            if slave in end.ports:
                end.link_changed(slave, self.speeds[slave], enabled=slave not in self.cut)

    def add(self, end: int, slave: str) -> None:
        self._add(self.ends[end], end, slave)

    def remove(self, end: int, slave: str) -> None:
        self.ends[end].remove(slave)

    def restart(self, end: int) -> None:
        """A new bond in the place of the old one."""
        self.ends[end] = self._end(end)

    # ---- time

    def tick(self, count: int = 1) -> None:
        """Both ends tick, then what they sent arrives."""
        for _ in range(count):
            self.ticks += 1
            for end in self.ends:
                end.tick()
            self.each_tick()
            self.deliver()

    def deliver(self) -> None:
        """What was sent arrives at the other end, unless the cable is cut or swallows it."""
        while self.sent:
            on_their_way, self.sent = self.sent, []
            for end, slave, frame in on_their_way:
                if not self.swallow(end, slave, frame):
                    self.arrive(end, slave, frame)

    def arrive(self, end: int, slave: str, frame: bytes) -> None:
        """A frame that left `end` comes out of the cable."""
        if slave in self.ends[1 - end].ports and slave not in self.cut:
            self.ends[1 - end].received(slave, frame)

    def until(self, condition: Callable[[], bool], within: int) -> int:
        """Ticks until the condition holds."""
        for count in range(within + 1):
            if condition():
                return count
            self.tick()
        raise AssertionError(f"not within {within} ticks")

    # ---- what is to be seen

    def port(self, end: int, slave: str) -> Port:
        return self.ends[end].ports[slave]

    def passing(self, end: int) -> list[str]:
        """The slaves that carry traffic at that end, sorted."""
        return sorted(port.slave for port in self.ends[end].passing())

    def together(self) -> bool:
        """Whether all uncut links carry traffic at both ends, by agreement."""
        alive = [name for name in self.names if name not in self.cut]
        return all(self.passing(end) == alive for end in (0, 1)) and all(
            end.active is not None and end.active.has_partner for end in self.ends
        )
