"""802.3ad bonds set up by `bonded`: with switches that speak LACP, and back to back."""

from __future__ import annotations

import pytest

from lab.cases import BondHandle, Bonding, LabError, Lacp, StreamMaker, Testbed, needs
from lab.far_side import GROUP
from lab.lacp import LacpState
from lab.procfile_ad import AggregatorView


def aggregator(bond: BondHandle) -> AggregatorView:
    ad = bond.status().ad
    assert ad is not None
    assert ad.aggregator is not None
    return ad.aggregator


def assert_traffic_passes(stream: StreamMaker) -> None:
    for direction in ("out", "in"):
        with stream(direction) as s:
            s.wait_sent(50)
        assert s.report().lost == 0, direction


@pytest.mark.parametrize("rate", ["fast", "slow"])
@needs(slaves=4, traits=("lacp",), meeting=True, switch=True)
def test_on_one_switch(bed: Testbed, bonded: Bonding, stream: StreamMaker, rate: str) -> None:
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate=rate)
    switch = bed.switch("switch_a")
    ports = switch.lacp_ports(GROUP)
    assert [port.port for port in ports] == ["p1", "p2", "p3"]
    assert switch.members(GROUP) == ("p1", "p2", "p3")
    assert all(port.carries for port in ports)
    assert {port.partner_system for port in ports} == {bed.host("host").mac("bond0")}
    assert {LacpState.TIMEOUT in port.actor_state for port in ports} == {rate == "fast"}
    assert (aggregator(bond).ports, aggregator(bond).partner_mac) == (3, ports[0].system)
    assert_traffic_passes(stream)
    assert {row.port for row in switch.mac_table() if row.mac == bed.host("host").mac("bond0")} == {GROUP}


@pytest.mark.parametrize("slaves", [2, 4])
@needs(slaves=4, traits=("lacp",), meeting=False, switch=True)
def test_on_two_switches_one_of_them_is_the_partner(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, slaves: int
) -> None:
    bond = bonded("802.3ad", slaves=slaves, miimon=100, lacp_rate="fast")
    members = {role: len(bed.switch(role).members(GROUP)) for role in ("switch_a", "switch_b")}
    assert sorted(members.values()) == [0, slaves // 2]
    partner = max(members, key=lambda role: members[role])
    assert bed.switch(partner).lacp_ports(GROUP)[0].system == aggregator(bond).partner_mac
    assert_traffic_passes(stream)


@needs(slaves=4, traits=("lacp",), meeting=True, switch=True)
def test_with_a_passive_switch(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    bonded("802.3ad", slaves=2, miimon=100, lacp=Lacp("passive", fast=True))
    ports = bed.switch("switch_a").lacp_ports(GROUP)
    assert not any(LacpState.ACTIVITY in port.actor_state for port in ports)
    assert all(port.carries and LacpState.TIMEOUT in port.actor_state for port in ports)
    assert_traffic_passes(stream)


@needs(slaves=4, traits=("lacp",), meeting=True, switch=True)
def test_ports_of_one_key_are_used(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp=Lacp(fast=True, keys={"p3": 100}))
    used = bed.switch("switch_a").members(GROUP)
    assert used in (("p1", "p2"), ("p3",))  # which, may depend on who spoke first
    assert aggregator(bond).ports == len(used)
    assert_traffic_passes(stream)


@needs(slaves=4, traits=("lacp",), meeting=True, switch=True)
def test_without_a_trunk_there_is_no_partner(bed: Testbed, bonded: Bonding) -> None:
    bond = bonded("802.3ad", slaves=2, miimon=100, trunk=False)
    assert not aggregator(bond).has_partner
    with pytest.raises(LabError, match="no group po1"):
        bed.switch("switch_a").members(GROUP)


@pytest.mark.parametrize("rate", ["fast", "slow"])
@needs(slaves=4, switch=False)
def test_back_to_back(bed: Testbed, bonded: Bonding, stream: StreamMaker, rate: str) -> None:
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate=rate)
    assert bonded.peer_bond is not None
    for one, other in ((bond, bonded.peer_bond), (bonded.peer_bond, bond)):
        shown = one.daemon.call("show", bond=one.name)  # type: ignore[attr-defined]  # bondimpl's handle
        assert [slave["lacp"]["mux"] for slave in shown["slaves"]] == ["distributing"] * 3
        assert aggregator(one).ports == 3
        assert aggregator(one).partner_mac == other.host.mac("bond0")
    assert_traffic_passes(stream)


@needs(slaves=4, switch=False)
def test_a_peer_that_speaks_no_lacp_is_no_partner(bonded: Bonding) -> None:
    bond = bonded("802.3ad", slaves=2, miimon=100, peer_options={"mode": "balance-xor"})
    assert not aggregator(bond).has_partner
