"""Two ends of an aggregate joined by cables without I/O; time is counted in ticks of 100 ms."""

from __future__ import annotations

from collections.abc import Callable

from bondimpl.lacp.aggregation import Aggregation, LacpConfig
from bondimpl.lacp.port import Port
from bondimpl.machine import Speed

TEN_GIGABIT = Speed(10_000, "full")

Frames = list[tuple[int, str, bytes]]
"""End (0 or 1), slave and frame."""


def mac(end: int, last: int) -> bytes:
    """An address of that end."""
    return bytes([2, 0, 0, 0, end, last])


class Pair:
    """Two bonds with `links` cables eth0 - eth0, eth1 - eth1, ...; options of LacpConfig by end."""

    def __init__(self, links: int = 2, *, first: dict[str, object] | None = None, **both: object) -> None:
        self.names = [f"eth{i}" for i in range(links)]
        self.cut: set[str] = set()
        self.swallow: Callable[[int, str, bytes], bool] = lambda _end, _slave, _frame: False
        self.sent: Frames = []
        self.log: list[tuple[int, str, str]] = []
        self.ticks = 0
        self.ends = [self._end(0, {**both, **(first or {})}), self._end(1, both)]

    def _end(self, end: int, options: dict[str, object]) -> Aggregation:
        config = LacpConfig(system=mac(end, 0xFF), **options)  # type: ignore[arg-type]  # by keyword
        made = Aggregation(
            config,
            send=lambda slave, frame: self.sent.append((end, slave, frame)),
            say=lambda slave, line: self.log.append((end, slave, line)),
        )
        for i, name in enumerate(self.names):
            made.add(name, mac(end, i), TEN_GIGABIT, enabled=True)
        made.opened()
        return made

    def port(self, end: int, slave: str) -> Port:
        return self.ends[end].ports[slave]

    def pull(self, slave: str) -> None:
        self._link(slave, up=False)

    def plug(self, slave: str) -> None:
        self._link(slave, up=True)

    def _link(self, slave: str, *, up: bool) -> None:
        (self.cut.discard if up else self.cut.add)(slave)
        for end in self.ends:
            end.link_changed(slave, TEN_GIGABIT, enabled=up)

    def tick(self, count: int = 1) -> None:
        """Both ends tick, then what they sent arrives."""
        for _ in range(count):
            self.ticks += 1
            for end in self.ends:
                end.tick()
            self.deliver()

    def deliver(self) -> None:
        """What was sent arrives at the other end, unless the cable is cut or swallows it."""
        while self.sent:
            on_their_way, self.sent = self.sent, []
            for end, slave, frame in on_their_way:
                there = slave in self.ends[1 - end].ports and slave not in self.cut
                if there and not self.swallow(end, slave, frame):
                    self.ends[1 - end].received(slave, frame)

    def passing(self, end: int) -> list[str]:
        """The slaves that carry traffic at that end."""
        return [port.slave for port in self.ends[end].passing()]

    def until(self, condition: Callable[[], bool], within: int) -> int:
        """Ticks until the condition holds."""
        for count in range(within + 1):
            if condition():
                return count
            self.tick()
        raise AssertionError(f"not within {within} ticks")

    def together(self) -> bool:
        """Whether all uncut links carry traffic at both ends, by agreement."""
        alive = [name for name in self.names if name not in self.cut]
        return all(self.passing(end) == alive for end in (0, 1)) and all(
            end.active is not None and end.active.has_partner for end in self.ends
        )
