"""Two bonds without I/O, joined by cables eth0 - eth0, eth1 - eth1, ... in one virtual time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bondimpl.clock import VirtualClock
from bondimpl.machine import Speed
from tests.core.world import World

CABLE_MS = 0.1


class BackToBack:
    """Ends `a` and `b`; options of the bonds by end. `swallow` tells which frames a cable loses."""

    def __init__(
        self,
        *,
        links: int = 2,
        era_name: str = "6.x",
        reopen: bool = True,
        a: dict[str, str],
        b: dict[str, str] | None = None,
    ) -> None:
        """`reopen`: the driver holds aggregation back for 8 s after the first slave, unless it is opened."""
        self.clock = VirtualClock()
        self.swallow: Callable[[World, str, bytes], bool] = lambda _sender, _slave, _frame: False
        options = ({"miimon": "100", **a}, {"miimon": "100", **(a if b is None else b)})
        self.a, self.b = (
            World("802.3ad", slaves=0, nics=links, era_name=era_name, clock=self.clock, **each)
            for each in options
        )
        for world, other, number in ((self.a, self.b, 0), (self.b, self.a, 0xB)):
            world.machine.cable = partial(self._send, world, other)
            for i, nic in enumerate(world.machine.nics.values(), start=1):
                nic.mac = bytes([2, 0, 0, 0, number, i])
        for world in (self.a, self.b):
            for name in world.machine.nics:
                world.enslave(name)
            if reopen:
                world.bond.close()
                world.bond.open()

    def _send(self, sender: World, receiver: World, slave: str, frame: bytes) -> None:
        if sender.machine.nics[slave].cable and not self.swallow(sender, slave, frame):
            arrives = self.clock.now() + CABLE_MS
            self.clock.call_at(arrives, partial(self._arrive, receiver, slave, frame))

    @staticmethod
    def _arrive(receiver: World, slave: str, frame: bytes) -> None:
        if receiver.bond.admin_up and slave in receiver.bond.slaves and receiver.machine.nics[slave].cable:
            receiver.bond.frame_from_slave(slave, frame)

    def pull(self, slave: str) -> None:
        """Both ends lose carrier."""
        for world in (self.a, self.b):
            world.pull(slave)

    def plug(self, slave: str) -> None:
        """Both ends have carrier again."""
        for world in (self.a, self.b):
            world.plug(slave)

    def change_speed(self, slave: str, speed: Speed) -> None:
        """Both devices report another speed."""
        for world in (self.a, self.b):
            world.machine.nics[slave].speed = speed
            world.bond.slave_changed(slave)

    def run(self, duration_ms: float) -> None:
        """Let time pass at both ends."""
        self.clock.advance(duration_ms)

    def until(self, condition: Callable[[], bool], within_ms: float) -> float:
        """ms until the condition holds, looked at every 10 ms."""
        start = self.clock.now()
        while not condition():
            assert self.clock.now() - start <= within_ms, f"not within {within_ms} ms"
            self.run(10)
        return self.clock.now() - start

    def together(self) -> bool:
        """Whether all slaves with a cable carry at both ends."""
        return all(carrying(world) == plugged(world) for world in (self.a, self.b))


def carrying(world: World) -> list[str]:
    """The slaves that the plan accepts frames from."""
    return list(world.plan.accept)


def plugged(world: World) -> list[str]:
    """The slaves with a cable."""
    return [name for name in world.bond.slaves if world.machine.nics[name].cable]


def summary(world: World) -> str:
    """Each slave's link, aggregator, port key and port states, as in the oracle's notes."""
    status = world.bond.snapshot()
    assert status.lacp is not None
    ports = status.lacp.ports
    return ", ".join(
        f"{slave.name}:{slave.link.value} agg{ports[slave.name].aggregator} "
        f"key{ports[slave.name].actor.key} a{int(ports[slave.name].actor.state)} "
        f"p{int(ports[slave.name].partner.state)}"
        for slave in status.slaves
    )


FAST = {"lacp_rate": "fast"}


def settled(links: int = 2, era_name: str = "6.x", **options: str) -> BackToBack:
    pair = BackToBack(links=links, era_name=era_name, a={**FAST, **options})
    pair.until(pair.together, within_ms=4000)
    pair.run(1000)
    return pair
