"""What `ovs-appctl` of Open vSwitch 3.1 printed, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.lacp import CARRYING, NO_SYSTEM, LacpState
from lab.switches.base import LacpPort
from lab.switches.ovs_text import enabled_members, forwarding, lacp_ports, learned

DATA = Path(__file__).parent.parent / "data" / "ovs"


def text(name: str) -> str:
    return (DATA / f"{name}.txt").read_text()


def test_ports_of_which_some_are_aggregated() -> None:
    first, second = lacp_ports(text("lacp_two_keys"))
    fast = LacpState.ACTIVITY | LacpState.TIMEOUT | LacpState.AGGREGATION
    in_sync = fast | LacpState.SYNCHRONIZATION | CARRYING
    ours, theirs = "92:4f:41:54:64:44", "12:6d:a5:e0:4e:49"
    assert first == LacpPort("p1", True, ours, theirs, in_sync, in_sync)
    assert second == LacpPort("p2", False, ours, theirs, fast, in_sync)
    assert first.carries
    assert not second.carries


@pytest.mark.parametrize(
    ("name", "state"), [("waiting", LacpState.EXPIRED), ("defaulted", LacpState.DEFAULTED)]
)
def test_ports_without_a_partner(name: str, state: LacpState) -> None:
    ports = list(lacp_ports(text(f"lacp_{name}")))
    assert ports
    for port in ports:
        assert port.partner_system == NO_SYSTEM
        assert state in port.actor_state
        assert not port.attached


def test_members_that_take_part() -> None:
    assert enabled_members(text("bond_two_keys")) == {"p1"}


def test_the_mac_table_knows_ports_by_number() -> None:
    assert list(learned(text("fdb"))) == [("02:00:00:00:0a:01", "2"), ("02:00:00:00:0a:07", "4")]


def test_ports_that_spanning_tree_lets_forward() -> None:
    assert forwarding(text("rstp")) == {"p2", "p5"}


def test_a_text_that_lacks_something() -> None:
    with pytest.raises(LabError, match="lacp/show of p1: nothing known as 'partner sys_id'"):
        list(lacp_ports(text("lacp_two_keys").replace("partner sys_id", "partner")))
    with pytest.raises(LabError, match="nothing known as 'dancing'"):
        list(lacp_ports(text("lacp_waiting").replace("collecting", "dancing")))
