"""A bond whose partners are played by the test: what it sends is kept, what it hears the test says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bondimpl.lacp.aggregation import Aggregation, LacpConfig
from bondimpl.lacp.pdu import Info, Lacpdu, PortState, decode_lacpdu, encode_lacpdu
from bondimpl.lacp.port import Aggregator, Port
from bondimpl.machine import Speed
from tests.lacp.wires import TEN_GIGABIT, mac

S = PortState
SYSTEM = mac(0, 0xFF)
PARTNER = mac(1, 0xFF)
IN_SYNC = S.ACTIVITY | S.TIMEOUT | S.AGGREGATION | S.SYNCHRONIZATION | S.COLLECTING | S.DISTRIBUTING
"""State of a partner that does all it can, fast."""


class Scripted:
    """A bond with `links` slaves eth0, eth1, ... that is up; options of LacpConfig by name."""

    def __init__(self, links: int = 1, *, speed: Speed = TEN_GIGABIT, **options: Any) -> None:
        self.sent: list[tuple[int, str, bytes]] = []
        self.looped: list[str] = []
        self.ticks = 0
        config = LacpConfig(system=SYSTEM, **options)
        self.bond = Aggregation(
            config,
            send=lambda slave, frame: self.sent.append((self.ticks, slave, frame)),
            looped=self.looped.append,
        )
        for i in range(links):
            self.add(f"eth{i}", speed)
        self.bond.opened()

    def add(self, slave: str, speed: Speed = TEN_GIGABIT, *, enabled: bool = True) -> None:
        self.bond.add(slave, mac(0, int(slave[3:])), speed, enabled=enabled)

    def link(self, slave: str, *, up: bool) -> None:
        self.bond.link_changed(slave, self.port(slave).speed, enabled=up)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.ticks += 1
            self.bond.tick()

    # ---- the partner

    def partner(self, slave: str, **fields: Any) -> Info:
        """What the partner of `slave` says of itself, unless `fields` say otherwise."""
        number = int(slave[3:]) + 1
        info = Info(system=PARTNER, key=15, port=number, state=IN_SYNC)
        return replace(info, **fields)

    def hear(self, slave: str, told: Info | None = None, **fields: Any) -> None:
        """A LACPDU from the partner; `told` is what it believes of us, the truth unless given."""
        pdu = Lacpdu(self.partner(slave, **fields), told or self.port(slave).actor)
        assert self.bond.received(slave, encode_lacpdu(pdu, mac(1, 1)))

    def converse(self, *slaves: str, ticks: int = 30, **fields: Any) -> None:
        """The partner says the same on these slaves after each tick."""
        for _ in range(ticks):
            self.tick()
            for slave in slaves:
                self.hear(slave, **fields)

    # ---- what is to be seen

    def port(self, slave: str = "eth0") -> Port:
        return self.bond.ports[slave]

    def aggregator(self, slave: str) -> Aggregator:
        aggregator = self.port(slave).aggregator
        assert aggregator is not None
        return aggregator

    def passing(self) -> list[str]:
        return [port.slave for port in self.bond.passing()]

    def pdus(self, slave: str = "eth0") -> list[Lacpdu]:
        """The LACPDUs sent by the slave so far."""
        return [pdu for _, name, frame in self.sent if name == slave and (pdu := decode_lacpdu(frame))]

    def times(self, slave: str = "eth0") -> list[int]:
        """The ticks in which the slave sent them."""
        return [when for when, name, frame in self.sent if name == slave and decode_lacpdu(frame)]
