"""Where the MII monitor takes the state of a link from (HOWTO section 8.3)."""

from __future__ import annotations

import pytest

from lab.cases import (
    BondDriver,
    Bonding,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.fault_shim import UP_DOWN, FaultShim, Link, Query
from testcases.slaves import link_goes, link_is
from testcases.wire import Wire

SOURCES: tuple[Query, ...] = ("carrier", "mii", "ethtool")


@behaviour("8.3.mii.three-sources")
@needs(slaves=2, once=True)
@pytest.mark.parametrize("source", SOURCES)
def test_there_are_three_sources(
    bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire, stream: StreamMaker, source: Query
) -> None:
    """Steps: make each of flag, MII and ethtool the one that is asked; toggle it, and then the other two.

    Verify: the slave follows that one only: the flag with use_carrier=1, MII with 0, ethtool with 0 and
    failing MII requests; traffic goes by the other slave while it is down.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, primary="eth0", use_carrier=int(source == "carrier"))
    failing = {"mii"} if source == "ethtool" else set()

    def say(mine: Link, others: Link) -> None:
        for query in SOURCES:
            shim.answer("eth0", query, mine if query == source else "fail" if query in failing else others)

    say("up", "down")
    never(link_is(bond, "eth0", "down"), during=seconds(detection()))
    say("down", "up")
    link_goes(bond, "eth0", "down")
    with stream("out") as out:
        out.wait_sent(20)
    assert set(wire.shares()) == {"eth1"}
    say("up", "down")
    link_goes(bond, "eth0", "up")


@behaviour("8.3.mii.register-first")
@needs(slaves=2, once=True)
def test_mii_registers_are_asked_first(bed: Testbed, driver: BondDriver, bonded: Bonding) -> None:
    """Steps: with use_carrier=0 the MII link bit says down and ethtool up.

    Verify: the slave is down, and ethtool is not asked.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.answer("eth0", "mii", "down")
    shim.answer("eth0", "ethtool", "up")
    shim.answer("eth0", "carrier", "up")
    before = shim.asked("eth0", "ethtool")
    link_goes(bond, "eth0", "down")
    never(link_is(bond, "eth0", "up"), during=seconds(detection()))
    assert shim.asked("eth0", "ethtool") == before


@behaviour("8.3.mii.ethtool-only-on-request-failure")
@needs(slaves=2, once=True)
def test_ethtool_is_asked_when_the_mii_request_fails(
    bed: Testbed, driver: BondDriver, bonded: Bonding
) -> None:
    """Steps: with use_carrier=0 MII requests fail and ethtool's answer toggles; then MII answers: down.

    Verify: first the slave follows ethtool; then it is down and ethtool is not asked.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.answer("eth0", "mii", "fail")
    shim.answer("eth0", "carrier", "up")
    for word in UP_DOWN:
        shim.answer("eth0", "ethtool", word)
        link_goes(bond, "eth0", word)
    shim.answer("eth0", "mii", "down")
    before = shim.asked("eth0", "ethtool")
    link_goes(bond, "eth0", "down")
    never(link_is(bond, "eth0", "up"), during=seconds(detection()))
    assert shim.asked("eth0", "ethtool") == before


@behaviour("8.3.mii.both-fail-assume-up")
@needs(slaves=2, once=True)
def test_with_no_answer_the_link_is_up(bed: Testbed, driver: BondDriver, bonded: Bonding) -> None:
    """Steps: with use_carrier=0 enslave a NIC that answers neither MII nor ethtool; pull its cable for 20
    polls.

    Verify: it is up and stays up; the log warned when it joined.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.answer("eth1", "mii", "fail")  # which the shim remembers
    shim.answer("eth1", "ethtool", "fail")
    bond.release("eth1")
    before = bond.log()
    bond.enslave("eth1")
    said = bond.log().removeprefix(before).upper()
    eventually(link_is(bond, "eth1", "up"), within=seconds(detection()))
    with CablePull(bed, bed.slave_cable(1)):
        never(link_is(bond, "eth1", "down"), during=2.0)
    assert "MII" in said
    assert "ETHTOOL" in said
