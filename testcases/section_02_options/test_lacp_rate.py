"""The option lacp_rate: how often the partner is asked to send LACPDUs (HOWTO section 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import pytest

from lab.cases import BondDriver, Bonding, Lacp, Testbed, behaviour, eventually, needs, never
from lab.lacp import LacpState
from testcases.bounds import LACP_JOIN, SLACK, seconds
from testcases.lacp_partner import partner
from testcases.lacpdus import Lacpdu, carrying, heard, told
from testcases.modes import MODES
from testcases.wire import Wire

FAST, SLOW = 1_000, 30_000
"""ms between LACPDUs (IEEE 802.3ad 43.4.4)."""
FAST_OFF, SLOW_OFF = 200, 1_000
"""ms that an interval may be off (the catalogue's `within`)."""
TWO, OTHERS = ("eth0", "eth1"), ("eth2", "eth3")
FIRST_LACPDU_S = 15.0
"""In which a bond that speaks LACP has reached an agreement, its first slave's wait of 8 s included."""


def intervals(pdus: Sequence[Lacpdu]) -> list[float]:
    """The times between LACPDUs, in ms."""
    return [(later.at_s - earlier.at_s) * 1e3 for earlier, later in pairwise(pdus)]


def assert_one_a_second(pdus: Sequence[Lacpdu]) -> None:
    """That each interval is a second, and their mean is, too: the slack of single ones could hide a rate."""
    each = intervals(pdus)
    assert all(abs(interval - FAST) <= FAST_OFF + SLACK for interval in each), each
    assert abs(sum(each) / len(each) - FAST) <= FAST_OFF, each


def at_least(
    count: int, seen: Callable[[Wire, str], Sequence[Lacpdu]], wire: Wire, nics: Iterable[str]
) -> Callable[[], bool]:
    """A probe: whether that many LACPDUs were seen (`told` or `heard`) on each NIC since the mark."""
    return lambda: all(len(seen(wire, nic)) >= count for nic in nics)


def settle(wire: Wire, nic: str) -> None:
    """Go on when what the ends agreed on has been told; the NIC's partner is one that sends every second."""
    wire.mark()
    eventually(at_least(3, heard, wire, [nic]), within=seconds(3 * (FAST + FAST_OFF) + SLACK))
    wire.mark()


@behaviour("2.lacp_rate.spellings", "2.lacp_rate.default-slow")
@pytest.mark.parametrize(
    ("value", "shown"), [("slow", "slow"), ("0", "slow"), ("fast", "fast"), ("1", "fast"), (None, "slow")]
)
@needs(once=True)
def test_a_rate_has_a_name_and_a_number(
    value: str | None, shown: str, bed: Testbed, driver: BondDriver, wire: Wire
) -> None:
    """Steps: load with lacp_rate=slow, 0, fast, 1, and without; add a slave.

    Verify: the status shows the rate's name; the LACPDUs ask for that rate.
    """
    host = bed.host("host")
    rate = {} if value is None else {"lacp_rate": value}
    bond = driver.create(host, "bond0", {"mode": "802.3ad", "miimon": "100", **rate})
    ad = bond.status().ad
    assert ad is not None
    assert ad.lacp_rate == shown
    host.run(["ip", "link", "set", "dev", "bond0", "up"])
    host.run(["ip", "link", "set", "dev", "eth0", "down"])
    bond.enslave("eth0")
    eventually(at_least(1, told, wire, ["eth0"]), within=seconds(LACP_JOIN))
    assert (LacpState.TIMEOUT in told(wire, "eth0")[0].actor.state) == (shown == "fast")


@behaviour("2.lacp_rate.fast")
@needs(slaves=2, meeting=True, traits=("lacp",))
def test_fast_asks_for_one_lacpdu_a_second(bonded: Bonding, wire: Wire) -> None:
    """Steps: lacp_rate=fast here, the slow rate at the other end; listen to six LACPDUs. (6 s, not 20.)

    Verify: all that the bond ever sent asks for short timeouts, all that it heard for long ones; the other
    end sends one a second on each link.
    """
    bonded("802.3ad", miimon=100, lacp_rate="fast", **partner(fast=False))
    for nic in TWO:
        assert {LacpState.TIMEOUT in pdu.actor.state for pdu in told(wire, nic)} == {True}
        assert {LacpState.TIMEOUT in pdu.actor.state for pdu in heard(wire, nic)} == {False}
    settle(wire, "eth0")
    eventually(at_least(6, heard, wire, TWO), within=seconds(6 * (FAST + FAST_OFF) + SLACK))
    for nic in TWO:
        assert_one_a_second(heard(wire, nic))


@behaviour("2.lacp_rate.slow", "2.lacp_rate.partner-not-self")
@needs(slaves=4, meeting=True, switch=True, traits=("lacp",), once=True)
def test_each_end_sends_as_the_other_asks(
    bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: a switch that asks for the slow rate; bond0 with lacp_rate=slow on two ports of it, bond1 with
    fast on two others; listen for an interval of 30 s. Then the switch asks bond1 for the fast rate.

    Verify: bond0's LACPDUs ask for long timeouts, bond1's for short ones; both send every 30 s, and so does
    the switch to bond0; to bond1 it sends every second. In the end bond1 sends every second, too.
    """
    host, switch = bed.host("host"), bed.switch("switch_a")
    bonded("802.3ad", miimon=100, lacp_rate="slow")
    ports = [bed.topology.far_end(port).name for port in bed.topology.slaves[2:]]
    switch.group("po2", ports, lacp=Lacp(fast=False))
    bond1 = driver.create(host, "bond1", {"mode": "802.3ad", "miimon": "100", "lacp_rate": "fast"})
    host.run(["ip", "link", "set", "dev", "bond1", "up"])
    for nic in OTHERS:
        bond1.enslave(nic)
    eventually(carrying(wire, (*TWO, *OTHERS)), within=FIRST_LACPDU_S, what="all ports carry")
    settle(wire, "eth2")
    one_interval = at_least(2, told, wire, (*TWO, *OTHERS)), at_least(2, heard, wire, TWO)
    eventually(lambda: all(seen() for seen in one_interval), within=seconds(2 * (SLOW + SLOW_OFF) + SLACK))
    for nic in (*TWO, *OTHERS):
        assert {LacpState.TIMEOUT in pdu.actor.state for pdu in told(wire, nic)} == {nic in OTHERS}
    ours, theirs = [told(wire, nic) for nic in (*TWO, *OTHERS)], [heard(wire, nic) for nic in TWO]
    for pdus, period in (
        *((pdus, seconds(SLOW) * 1000) for pdus in ours),
        *((pdus, SLOW) for pdus in theirs),
    ):
        assert all(abs(interval - period) <= SLOW_OFF + SLACK for interval in intervals(pdus)), intervals(
            pdus
        )
    for nic in OTHERS:
        assert_one_a_second(heard(wire, nic))
    switch.ungroup("po2")
    wire.mark()
    switch.group("po2", ports, lacp=Lacp(fast=True))
    eventually(carrying(wire, OTHERS), within=seconds(LACP_JOIN), what="the ports of bond1 carry again")
    settle(wire, "eth2")
    for seen in (told, heard):
        eventually(at_least(5, seen, wire, OTHERS), within=seconds(5 * (FAST + FAST_OFF) + SLACK))
    for nic in OTHERS:
        assert_one_a_second(told(wire, nic))
        assert_one_a_second(heard(wire, nic))


@behaviour("2.lacp_rate.802.3ad-only")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_other_modes_have_no_lacp_rate(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: load another mode with lacp_rate=fast; listen for 2 s, in which 802.3ad sends three. (Not 60 s.)

    Verify: the log warns of the option; no LACPDU leaves.
    """
    bond = bonded(mode, miimon=100, lacp_rate="fast")
    assert [line for line in bond.log().splitlines() if "lacp_rate" in line]
    never(lambda: any(told(wire, nic) for nic in TWO), during=2.0, what="a LACPDU leaves", every=0.1)
