"""Where the MII monitor gets its answers from NICs, and a shim that makes a NIC's driver lie for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from bondimpl.clock import Clock
from bondimpl.errors import BondError, MachineError
from bondimpl.machine import Duplex, LinkProbe, Speed, Traffic
from bondimpl.runtime.ports import Port, require

Query = Literal["carrier", "mii", "ethtool", "speed", "rx", "tx", "mac"]
QUERIES: tuple[Query, ...] = ("carrier", "mii", "ethtool", "speed", "rx", "tx", "mac")
_LINK = ("up", "down", "fail")
ANSWERS: Mapping[Query, tuple[str, ...]] = {
    "carrier": ("up", "down"),
    "mii": _LINK,
    "ethtool": _LINK,
    "speed": ("Mbit/s and duplex as 100/half", "fail"),
    "rx": ("frozen",),
    "tx": ("frozen",),
    "mac": ("fail",),
}
"""What each query can be made to be answered with, beside `real`."""

_Answer = TypeVar("_Answer")


class PortProbe:
    """Asks the NICs."""

    def __init__(self, ports: Mapping[str, Port]) -> None:
        self._ports = ports

    def admin_up(self, slave: str) -> bool:
        return self._port(slave).admin_up()

    def carrier(self, slave: str) -> bool:
        return self._port(slave).carrier()

    def mii_link(self, slave: str) -> bool | None:
        return self._port(slave).mii_link()

    def ethtool_link(self, slave: str) -> bool | None:
        return self._port(slave).ethtool_link()

    def speed(self, slave: str) -> Speed:
        return self._port(slave).speed()

    def _port(self, slave: str) -> Port:
        return require(self._ports.get(slave), slave)


@dataclass(slots=True)
class Lies:
    """What one slave's driver is made to answer, and how often it was asked.

    `answers`: by query `up`, `down`, `fail` (the request fails), or for speed `100/half` or `fail`; for rx
    and tx `frozen` (the driver does not update that time), for mac `fail` (no other address while it is up).
    A query that is missing is answered truly. `refresh_ms`: the driver renews its carrier flag only that
    often. `vlans`: which VLANs it was told to let in, or no longer (`add 10`, `del 10`), as a driver is that
    filters by them.
    """

    answers: dict[Query, str] = field(default_factory=dict)
    refresh_ms: int = 0
    asked: Counter[Query] = field(default_factory=Counter)
    vlans: list[str] = field(default_factory=list)
    cached: tuple[float, bool] | None = None


class FaultShim:
    """A LinkProbe between the monitor and the true one."""

    def __init__(self, inner: LinkProbe, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._lies: dict[str, Lies] = {}

    def of(self, slave: str) -> Lies:
        """The lies about one slave."""
        return self._lies.setdefault(slave, Lies())

    def answer(self, slave: str, query: str, answer: str) -> None:
        """Have a query answered so from now on; `real` ends it. Raises BondError."""
        if query not in QUERIES:
            raise BondError(f"no such query: {query!r}; there are {', '.join(QUERIES)}")
        lies = self.of(slave)
        lies.answers.pop(query, None)
        if answer == "real":
            return
        if query == "speed":
            _speed(answer)
        elif answer not in ANSWERS[query]:
            raise _impossible(query, answer)
        lies.answers[query] = answer

    def refresh(self, slave: str, period_ms: int) -> None:
        """Have the carrier flag renewed only every `period_ms`; 0: always. Raises BondError."""
        if period_ms < 0:
            raise BondError(f"refresh cannot be {period_ms}; possible: 0 or more (ms)")
        lies = self.of(slave)
        lies.refresh_ms, lies.cached = period_ms, None

    def admin_up(self, slave: str) -> bool:
        return self._inner.admin_up(slave)

    def carrier(self, slave: str) -> bool:
        lies = self.of(slave)
        lies.asked["carrier"] += 1
        now = self._clock.now()
        if lies.cached is not None and now - lies.cached[0] < lies.refresh_ms:
            return lies.cached[1]
        answer = lies.answers.get("carrier")
        truth = self._inner.carrier(slave) if answer is None else answer == "up"
        if lies.refresh_ms:
            lies.cached = now, truth
        return truth

    def mii_link(self, slave: str) -> bool | None:
        return self._link("mii", slave, self._inner.mii_link)

    def ethtool_link(self, slave: str) -> bool | None:
        return self._link("ethtool", slave, self._inner.ethtool_link)

    def speed(self, slave: str) -> Speed:
        lies = self.of(slave)
        lies.asked["speed"] += 1
        answer = lies.answers.get("speed")
        return self._inner.speed(slave) if answer is None else _speed(answer)

    def traffic(self, slave: str, truth: Traffic) -> Traffic:
        """When frames last passed the slave, as its driver tells: a time that it does not update is None."""
        answers = self.of(slave).answers
        return Traffic(
            None if "rx" in answers else truth.last_rx_ms, None if "tx" in answers else truth.last_tx_ms
        )

    def check_address_change(self, slave: str) -> None:
        """Raise MachineError, as the kernel, when the driver takes no other address while the slave is up."""
        if "mac" in self.of(slave).answers and self._inner.admin_up(slave):
            raise MachineError(f"{slave}: cannot set the address: Device or resource busy", "EBUSY")

    def told_of_vlan(self, slave: str, vlan: int, on: bool) -> None:
        """The driver is told to let a VLAN in, or no longer."""
        self.of(slave).vlans.append(f"{'add' if on else 'del'} {vlan}")

    def _link(self, query: Query, slave: str, truth: Callable[[str], bool | None]) -> bool | None:
        lies = self.of(slave)
        lies.asked[query] += 1
        answer = lies.answers.get(query)
        if answer is None:
            return truth(slave)
        return None if answer == "fail" else answer == "up"


def _speed(text: str) -> Speed:
    """Of `100/half`, `1000/full` or `fail`. Raises BondError."""
    if text == "fail":
        return Speed()
    mbit, _, word = text.partition("/")
    duplexes: dict[str, Duplex] = {"full": "full", "half": "half"}
    if not mbit.isdecimal() or word not in duplexes:
        raise _impossible("speed", text)
    return Speed(int(mbit), duplexes[word])


def _impossible(query: Query, answer: str) -> BondError:
    return BondError(f"{query} cannot be {answer!r}; possible: {', '.join((*ANSWERS[query], 'real'))}")
