"""The churn machines: a minute after each start of the watch, each side is in sync or churned."""

from __future__ import annotations

import pytest

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Churn, Port
from tests.lacp.scripted import IN_SYNC, Scripted
from tests.lacp.wires import mac

S = PortState
MINUTE = 600
NOT_IN_SYNC = IN_SYNC & ~S.SYNCHRONIZATION


def states(port: Port) -> tuple[Churn, Churn]:
    return port.actor_churn.state, port.partner_churn.state


def counts(port: Port) -> tuple[int, int]:
    return port.actor_churn.count, port.partner_churn.count


@pytest.mark.parametrize(
    ("theirs", "partner", "count"), [(IN_SYNC, Churn.NONE, 0), (NOT_IN_SYNC, Churn.CHURNED, 1)]
)
def test_after_a_minute_the_partner_is_in_sync_or_churned(
    theirs: PortState, partner: Churn, count: int
) -> None:
    bond = Scripted()
    bond.tick(3)
    bond.converse("eth0", ticks=1 + MINUTE, state=theirs)
    assert states(bond.port()) == (Churn.MONITOR, Churn.MONITOR)
    bond.converse("eth0", ticks=1, state=theirs)
    assert states(bond.port()) == (Churn.NONE, partner)
    assert counts(bond.port()) == (0, count)
    bond.converse("eth0", ticks=2 * MINUTE, state=theirs)
    assert counts(bond.port()) == (0, count), "each watch counts once"


def test_without_partners_as_the_drivers_proc_file_has_it() -> None:
    """75 s after the partner went: the port in use is in sync itself, the other one is not."""
    bond = Scripted(2, fast=True)
    bond.tick(2 + 30 + MINUTE)
    assert states(bond.port("eth0")) == (Churn.NONE, Churn.CHURNED)
    assert states(bond.port("eth1")) == (Churn.CHURNED, Churn.CHURNED)
    assert (counts(bond.port("eth0")), counts(bond.port("eth1"))) == ((0, 1), (1, 1))


def test_a_spare_aggregate_is_churned_on_both_sides() -> None:
    """As the partner sees no sync from us there, it does not come into sync either."""
    bond = Scripted(2)
    for _ in range(MINUTE + 10):
        bond.tick()
        bond.hear("eth0")
        bond.hear("eth1", system=mac(2, 0), state=NOT_IN_SYNC)
    assert states(bond.port("eth0")) == (Churn.NONE, Churn.NONE)
    assert states(bond.port("eth1")) == (Churn.CHURNED, Churn.CHURNED)


def test_the_watch_starts_anew_when_the_partner_expires_and_when_it_is_heard_again() -> None:
    bond = Scripted(fast=True)
    bond.converse("eth0", ticks=MINUTE + 10)
    assert states(bond.port()) == (Churn.NONE, Churn.NONE)
    bond.tick(30)
    assert states(bond.port()) == (Churn.MONITOR, Churn.MONITOR)
    bond.tick(MINUTE - 1)
    assert states(bond.port()) == (Churn.MONITOR, Churn.MONITOR)
    bond.tick()
    assert states(bond.port()) == (Churn.NONE, Churn.CHURNED)
    bond.hear("eth0")
    bond.tick()
    assert states(bond.port()) == (Churn.MONITOR, Churn.MONITOR)
    bond.converse("eth0", ticks=MINUTE)
    assert states(bond.port()) == (Churn.NONE, Churn.NONE)
    assert counts(bond.port()) == (0, 1)


def test_it_starts_anew_with_the_port() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=MINUTE + 10)
    bond.port().begin = True
    bond.tick()
    assert states(bond.port()) == (Churn.MONITOR, Churn.MONITOR)
    assert bond.port().actor_churn.timer == MINUTE
