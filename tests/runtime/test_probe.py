"""The shim that makes a slave's driver lie."""

from __future__ import annotations

import pytest

from bondimpl.clock import VirtualClock
from bondimpl.errors import BondError, MachineError
from bondimpl.machine import Speed, Traffic
from bondimpl.runtime.probe import FaultShim


class Truth:
    """A NIC whose link can be switched."""

    def __init__(self) -> None:
        self.link = True
        self.up = True

    def admin_up(self, slave: str) -> bool:
        return self.up

    def carrier(self, slave: str) -> bool:
        return self.link

    def mii_link(self, slave: str) -> bool | None:
        return self.link

    def ethtool_link(self, slave: str) -> bool | None:
        return self.link

    def speed(self, slave: str) -> Speed:
        return Speed(1000, "full")


@pytest.fixture
def truth() -> Truth:
    return Truth()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def shim(truth: Truth, clock: VirtualClock) -> FaultShim:
    return FaultShim(truth, clock)


def test_without_lies_it_tells_the_truth_and_counts(truth: Truth, shim: FaultShim) -> None:
    for link in (True, False):
        truth.link = link
        assert (shim.carrier("eth0"), shim.mii_link("eth0"), shim.ethtool_link("eth0")) == (link,) * 3
    assert shim.speed("eth0") == Speed(1000, "full")
    assert shim.of("eth0").asked == {"carrier": 2, "mii": 2, "ethtool": 2, "speed": 1}
    assert not shim.of("eth1").asked


def test_each_query_lies_for_itself_and_for_one_slave(shim: FaultShim) -> None:
    shim.answer("eth0", "carrier", "down")
    shim.answer("eth0", "mii", "fail")
    shim.answer("eth0", "speed", "100/half")
    assert (shim.carrier("eth0"), shim.mii_link("eth0"), shim.ethtool_link("eth0")) == (False, None, True)
    assert shim.speed("eth0") == Speed(100, "half")
    assert (shim.carrier("eth1"), shim.mii_link("eth1")) == (True, True)
    shim.answer("eth0", "speed", "fail")
    assert shim.speed("eth0") == Speed()
    for query in ("carrier", "mii", "speed"):
        shim.answer("eth0", query, "real")
    assert (shim.carrier("eth0"), shim.mii_link("eth0"), shim.speed("eth0").mbit) == (True, True, 1000)


def test_carrier_is_renewed_only_every_period(truth: Truth, shim: FaultShim, clock: VirtualClock) -> None:
    shim.refresh("eth0", 2000)
    assert shim.carrier("eth0")
    truth.link = False
    clock.advance(1999)
    assert shim.carrier("eth0")
    assert shim.ethtool_link("eth0") is False
    clock.advance(1)
    assert not shim.carrier("eth0")
    shim.refresh("eth0", 0)
    truth.link = True
    assert shim.carrier("eth0")


def test_each_time_is_frozen_for_itself(shim: FaultShim) -> None:
    passed = Traffic(10.0, 20.0)
    assert shim.traffic("eth0", passed) == passed
    shim.answer("eth0", "rx", "frozen")
    assert shim.traffic("eth0", passed) == Traffic(None, 20.0)
    shim.answer("eth0", "tx", "frozen")
    assert shim.traffic("eth0", passed) == Traffic(None, None)
    assert shim.traffic("eth1", passed) == passed
    shim.answer("eth0", "rx", "real")
    assert shim.traffic("eth0", passed) == Traffic(10.0, None)


def test_an_address_is_refused_while_the_slave_is_up(truth: Truth, shim: FaultShim) -> None:
    shim.check_address_change("eth0")
    shim.answer("eth0", "mac", "fail")
    with pytest.raises(MachineError, match="busy"):
        shim.check_address_change("eth0")
    shim.check_address_change("eth1")
    truth.up = False
    shim.check_address_change("eth0")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("carrier", "fail"),
        ("rx", "down"),
        ("mac", "frozen"),
        ("carrier", "maybe"),
        ("mii", "1"),
        ("speed", "100"),
        ("speed", "fast/full"),
        ("x", "up"),
    ],
)
def test_impossible_answers_are_refused(shim: FaultShim, query: str, answer: str) -> None:
    with pytest.raises(BondError):
        shim.answer("eth0", query, answer)
    with pytest.raises(BondError):
        shim.refresh("eth0", -1)
