"""Mode 802.3ad: aggregators of ports of equal speed and duplex; one is used (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import pytest

from lab import frames
from lab.bonding import GROUP
from lab.cases import BondDriver, BondHandle, Bonding, Lacp, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from lab.lacp import NO_SYSTEM
from testcases.bounds import LACP_JOIN, LACP_SHORT_TIMEOUT, LACP_TICK, SLACK, seconds
from testcases.bursts import carried, nic_of_peer, numbered
from testcases.fault_shim import FaultShim
from testcases.lacp_partner import partner
from testcases.lacpdus import carrying, heard, told
from testcases.slaves import cable_of, link_goes
from testcases.strangers import strangers
from testcases.wire import Wire

TWO, THREE = ("eth0", "eth1"), ("eth0", "eth1", "eth2")
FOUR = (*THREE, "eth3")
PEERS = 64


@behaviour("2.mode.value.802.3ad", "2.options.text-or-number")
@needs(once=True)
def test_the_mode_has_a_name_and_a_number(bed: Testbed, driver: BondDriver, wire: Wire) -> None:
    """Steps: load with mode=802.3ad, then with mode=4; each time add a slave.

    Verify: both give the same status, with the mode's line; LACPDUs leave in both.
    """
    host = bed.host("host")
    texts = []
    for value in ("802.3ad", "4"):
        bond = driver.create(host, "bond0", {"mode": value, "miimon": "100"})
        status = bond.status()
        assert (status.mode, status.pretty_mode) == ("802.3ad", "IEEE 802.3ad Dynamic link aggregation")
        texts.append(bond.proc_text())
        host.run(["ip", "link", "set", "dev", "bond0", "up"])
        host.run(["ip", "link", "set", "dev", "eth0", "down"])
        wire.mark()
        bond.enslave("eth0")
        eventually(lambda: told(wire, "eth0"), within=seconds(LACP_JOIN), what="a LACPDU leaves")
        bond.delete()
    assert texts[0] == texts[1]


@behaviour("2.mode.802.3ad.all-members-used")
@needs(slaves=4, meeting=True, traits=("lacp",))
def test_all_ports_of_the_aggregator_are_used(bonded: Bonding, wire: Wire) -> None:
    """Steps: four equal links aggregate; send as many frames to each of 64 peers.

    Verify: each link carries some of them, each peer is served by one link.
    """
    bond = bonded("802.3ad", slaves=4, miimon=100, lacp_rate="fast", **partner())
    burst = carried(wire, bond, numbered(bond, strangers(bonded, PEERS), 4 * PEERS))
    assert set(burst) == set(FOUR)
    assert {len(nics) for nics in nic_of_peer(burst).values()} == {1}


@behaviour("2.mode.802.3ad.groups-by-speed-duplex", "2.mode.802.3ad.others-idle")
@pytest.mark.parametrize(
    ("others", "speed"),
    [
        pytest.param(("eth2", "eth3"), "100/full", id="100-Mbit"),
        pytest.param(("eth3",), "10000/half", id="half-duplex"),
    ],
)
@needs(slaves=4, meeting=True, traits=("lacp",))
def test_ports_of_another_speed_or_duplex_are_kept_apart(
    others: Sequence[str], speed: str, bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: four links at 10000 Mbit/s, full duplex, aggregate; some lose carrier, and come back at
    100 Mbit/s, or with half duplex.

    Verify: within 5 s the status has them in another aggregator; their LACPDUs, if half duplex sends any,
    show another key; frames to 64 peers leave by the equal links only, by the others nothing but LACPDUs.
    """
    equal = [nic for nic in FOUR if nic not in others]
    shim = FaultShim(driver, bed)
    bond = bonded("802.3ad", slaves=4, miimon=100, lacp_rate="fast", **partner())
    with ExitStack() as pulled:
        for nic in others:
            pulled.enter_context(CablePull(bed, cable_of(bed, nic)))
            link_goes(bond, nic, "down")
            shim.speed(nic, speed)
        wire.mark()
    eventually(lambda: apart(bond, equal, others), within=seconds(LACP_JOIN), what="they are kept apart")
    used_alone(bond, strangers(bonded, PEERS), wire, equal, others)
    assert apart(bond, equal, others)
    if "full" in speed:
        assert all(told(wire, nic)[-1].partner.system != NO_SYSTEM for nic in others)


@behaviour("2.mode.802.3ad.needs-ethtool")
@needs(slaves=3, meeting=True, traits=("lacp",))
def test_a_slave_that_does_not_tell_its_speed_is_kept_apart(
    bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: three links aggregate; one slave is detached, and comes back with a driver that does not tell
    speed and duplex.

    Verify: the log warns of it when it is enslaved; it is in no aggregator with the others, and carries
    nothing but LACPDUs, with another key.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate="fast", **partner())

    def warnings() -> list[str]:
        return [line for line in bond.log().splitlines() if "eth2" in line and "speed" in line]

    shim.speed("eth2", "fail")
    bond.release("eth2")
    before = len(warnings())
    bond.enslave("eth2")
    assert len(warnings()) > before
    used_alone(bond, strangers(bonded, PEERS), wire, TWO, ["eth2"])
    assert apart(bond, TWO, ["eth2"])


@behaviour("2.mode.802.3ad.needs-lacp-switch")
@needs(slaves=2, switch=True)
def test_a_switch_without_lacp_is_no_partner(bonded: Bonding, wire: Wire) -> None:
    """Steps: two slaves at switch ports without LACP; watch for the time it takes to aggregate. (Not 100 s.)

    Verify: no LACPDU comes in, those that leave name no partner, nor does the status; frames to 64 peers
    leave by one slave at most.
    """
    bond = bonded("802.3ad", trunk=False, miimon=100, lacp_rate="fast")
    never(lambda: any(heard(wire, nic) for nic in TWO), during=seconds(LACP_JOIN), every=0.2)
    for nic in TWO:
        assert {pdu.partner.system for pdu in told(wire, nic)} == {NO_SYSTEM}
    ad = bond.status().ad
    assert ad is not None
    assert ad.aggregator is None or (ad.aggregator.partner_mac, ad.aggregator.ports) == (NO_SYSTEM, 1)
    assert len(carried(wire, bond, numbered(bond, strangers(bonded, PEERS), PEERS))) == 1


@behaviour("2.mode.802.3ad.switch-configuration")
@needs(slaves=2, meeting=True, switch=True, traits=("lacp",))
def test_ports_aggregate_when_the_switch_is_told_to(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: two slaves at a switch that can speak LACP; then its ports are told to, then not to any more.

    Verify: before that no LACPDU comes in, and those that leave name no partner; within 5 s after it both
    ends carry, in one aggregator; in the end no port says so any more, and the partner is forgotten.
    """
    bond = bonded("802.3ad", trunk=False, miimon=100, lacp_rate="fast")
    switch = bed.switch("switch_a")
    for nic in TWO:
        eventually(partial(told, wire, nic), within=seconds(LACP_JOIN), what="a LACPDU leaves")
        assert heard(wire, nic) == ()
        assert {pdu.partner.system for pdu in told(wire, nic)} == {NO_SYSTEM}
    ports = [bed.topology.far_end(port).name for port in bed.topology.slaves[:2]]
    switch.group(GROUP, ports, lacp=Lacp(fast=True))
    wire.mark()
    eventually(carrying(wire, TWO), within=seconds(LACP_JOIN), what="both ends let frames pass")
    ad = bond.status().ad
    assert ad is not None
    assert ad.aggregator is not None
    assert (ad.aggregator.ports, ad.aggregator.partner_mac) == (2, heard(wire, "eth0")[-1].actor.system)
    switch.ungroup(GROUP)
    # Silent for 3 s the partner is out of date, for 3 s more it is forgotten.
    gone = seconds(2 * (LACP_SHORT_TIMEOUT + LACP_TICK) + SLACK)
    eventually(lambda: not has_partner(bond), within=gone, what="the partner is forgotten")
    eventually(
        lambda: not any(told(wire, nic)[-1].carries for nic in TWO),
        within=seconds(LACP_TICK + SLACK),
        what="no port says that it carries",
    )


def has_partner(bond: BondHandle) -> bool:
    """Whether the active aggregator, if there is one, has a partner."""
    ad = bond.status().ad
    return ad is not None and ad.aggregator is not None and ad.aggregator.has_partner


def apart(bond: BondHandle, equal: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the status has the equal ones in one aggregator, all the others together in another or none."""
    status = bond.status()
    ours, theirs = ({status.slave(nic).aggregator_id for nic in nics} for nics in (equal, others))
    return len(ours) == len(theirs) == 1 and ours != theirs


def used_alone(
    bond: BondHandle, peers: Sequence[str], wire: Wire, equal: Sequence[str], others: Sequence[str]
) -> None:
    """Watch for the time in which the others could join, then send to all peers. Verify: only the equal
    ones carry, with keys that the others do not have.
    """
    wire.mark()
    begun_s = wire.since_s
    never(
        lambda: any(pdu.carries for nic in others for pdu in told(wire, nic)),
        during=seconds(LACP_JOIN),
        what="one of the others carries",
        every=0.2,
    )
    keys = {pdu.actor.key for nic in equal for pdu in told(wire, nic)}
    assert len(keys) == 1
    assert keys.isdisjoint(pdu.actor.key for nic in others for pdu in told(wire, nic))
    assert set(carried(wire, bond, numbered(bond, peers, 4 * len(peers)))) == set(equal)
    wire.since_s = begun_s
    for nic in others:
        assert wire.left_by(nic, lambda frame: not frames.is_lacpdu(frame)) == ()
