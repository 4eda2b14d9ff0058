"""802.3ad when a link, its LACPDUs or a switch fails (HOWTO sections 12.1.1 and 12.2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from lab import frames
from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from lab.lacp import LacpState
from testcases.bounds import LACP_JOIN, LACP_SHORT_TIMEOUT, LACP_TICK, SLACK, detection, seconds
from testcases.lacp_partner import conversations, lacp_loss, partner, used_by
from testcases.lacpdus import carrying, heard, told
from testcases.links import has_carrier
from testcases.outages import EARLY_MS, lost_between
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

THREE = ("eth0", "eth1", "eth2")
AN_INTERVAL = 1000
"""ms between LACPDUs at the fast rate: the last one may have come that long before a fault."""
LATE = LACP_TICK + SLACK
"""ms that LACP may take to act on what it knows."""


@pytest.mark.parametrize(
    ("silent", "outage"),
    [
        # Each end may have heard the last LACPDU up to an interval before the other.
        pytest.param("both", AN_INTERVAL, id="both"),
        pytest.param("partner", 0, id="partner"),
    ],
)
@needs(slaves=3, meeting=True, traits=("lacp",))
def test_a_link_without_lacpdus_is_left_though_it_has_carrier(
    silent: str, outage: int, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: LACP at the fast rate over three links; one of them swallows LACPDUs, those of both ends or only
    of the partner, and passes all else; later it passes those, too.

    Verify: the link is left not before two intervals nor after three, and the host says so there; its
    conversation goes on elsewhere, the others lose nothing; carrier and MII Status are up throughout;
    afterwards the link is in use again.
    """
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate="fast", **partner())
    before = bond.status().slave("eth1")
    mute = None if silent == "both" else bed.topology.far_end(bed.topology.slaves[1]).node
    with conversations(bonded, stream, wire) as out:
        wire.mark()
        with lacp_loss(bed, cable_of(bed, "eth1"), from_node=mute) as loss:
            eventually(
                lambda: used_by(out["eth1"], wire)[-5:],
                within=seconds(LACP_SHORT_TIMEOUT + LATE),
                until=lambda latest: len(latest) == 5 and "eth1" not in latest,
                what="the conversation leaves the link",
            )
            eventually(lambda: not told(wire, "eth1")[-1].carries, within=seconds(LATE))
            out["eth1"].run(0.5)
            left_ms = (wire.left_by("eth1")[-1].at_s - loss.at) * 1e3
            assert LACP_SHORT_TIMEOUT - AN_INTERVAL - LACP_TICK <= left_ms <= LACP_SHORT_TIMEOUT + LATE
            assert has_carrier(bond.host, "eth1")
            after = bond.status().slave("eth1")
            assert (after.mii_status, after.failures) == (before.mii_status, before.failures)
        assert loss.swallowed >= 2
        wire.mark()
        eventually(carrying(wire, THREE), within=seconds(LACP_JOIN), what="all links are in use again")
        eventually(lambda: "eth1" in wire.shares(), within=seconds(LATE))
        reports = {nic: each.report() for nic, each in out.items()}
    assert reports["eth1"].outage_ms <= outage + LATE
    assert reports["eth0"].lost == reports["eth2"].lost == 0


@needs(slaves=3, meeting=True, traits=("lacp",))
def test_a_pulled_cable_costs_its_own_conversations_only(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a conversation by each of three links; pull the cable of one, and plug it in again.

    Verify: that conversation goes on within the detection time, the others lose nothing; when the link is
    back it is used again, at the cost of nothing to the others.
    """
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate="fast", **partner())
    with conversations(bonded, stream, wire) as out:
        with CablePull(bed, cable_of(bed, "eth1")) as pull:
            link_goes(bond, "eth1", "down")
            out["eth1"].wait_flowing()
            wire.mark()
            out["eth1"].run(0.5)
            assert "eth1" not in wire.shares()
        wire.mark()
        eventually(carrying(wire, THREE), within=seconds(detection() + LACP_JOIN), what="all links are back")
        back = eventually(lambda: wire.left_by("eth1"), within=seconds(LATE), what="it carries again")[0]
        reports = {nic: each.report() for nic, each in out.items()}
    assert lost_between(reports["eth1"], pull.at + seconds(detection()), back.at_s - EARLY_MS / 1e3) == 0
    assert reports["eth1"].outage_ms <= max(detection(), LATE)
    assert reports["eth0"].lost == reports["eth2"].lost == 0


@needs(slaves=3, meeting=True, traits=("lacp",))
def test_a_slave_that_is_released_says_farewell(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a conversation by each of three links; detach one slave.

    Verify: the last frame it sends is a LACPDU that says the port is not to be aggregated any more; the
    partner has it out at once, not after a timeout; the other conversations lose nothing, its own goes on.
    """
    bond = bonded("802.3ad", slaves=3, miimon=100, lacp_rate="fast", **partner())
    with conversations(bonded, stream, wire) as out:
        wire.mark()
        bond.release("eth1")
        eventually(lambda: members(bed, bonded), within=seconds(LATE), until=lambda n: n == 2)
        out["eth1"].wait_flowing()
        last = wire.left_by("eth1", bool)[-1]
        reports = {nic: each.report() for nic, each in out.items()}
    assert frames.is_lacpdu(last.data)
    assert LacpState.AGGREGATION not in told(wire, "eth1")[-1].actor.state
    assert reports["eth1"].outage_ms <= LATE
    assert reports["eth0"].lost == reports["eth2"].lost == 0


def members(bed: Testbed, bonded: Bonding) -> int:
    """How many links the partner aggregates."""
    if bonded.peer_bond is None:
        return len(bed.switch("switch_a").members("po1"))
    ad = bonded.peer_bond.status().ad
    return ad.aggregator.ports if ad and ad.aggregator else 0


@behaviour("12.1.1.802.3ad.automatic-configuration", "12.2.1.modes.others-misbehave")
@pytest.mark.parametrize("order", ["0123", "3120"])
@needs(slaves=4, meeting=False, switch=True, traits=("lacp",))
def test_two_partners_make_two_aggregators_of_which_one_is_used(
    order: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: two cables to each of two switches, enslaved in some order; nobody is told which is which. Then
    the switch in use loses both cables.

    Verify: the ports that name one switch as their partner share an aggregator, as the status has it; only
    one pair says that it is in sync and carries, nothing is lost; afterwards the other pair takes over.
    (The lab's switches aggregate towards one host; here the host does towards two, what comes to the same.)
    """
    bond = bonded("802.3ad", slaves=[f"eth{number}" for number in order], miimon=100, lacp_rate="fast")
    pairs = {"eth0": ("eth0", "eth2"), "eth1": ("eth1", "eth3")}
    for pair in pairs.values():
        wait_partner(wire, pair)
    with conversations(bonded, stream, wire) as out, stream("in") as back:
        used = tuple(sorted(out))
        assert used in pairs.values()
        spare = next(pair for pair in pairs.values() if pair != used)
        wire.mark()
        back.run(1.5)
        assert set(wire.shares()) == set(used)
        assert all(LacpState.SYNCHRONIZATION in told(wire, nic)[-1].actor.state for nic in used)
        assert not any(LacpState.SYNCHRONIZATION in told(wire, nic)[-1].actor.state for nic in spare)
        reports = [each.report() for each in (*out.values(), back)]
    assert [(report.lost, report.duplicates) for report in reports] == [(0, 0)] * 3
    numbers = {nic: bond.status().slave(nic).aggregator_id for nic in ("eth0", "eth1", "eth2", "eth3")}
    assert numbers["eth0"] == numbers["eth2"] != numbers["eth1"] == numbers["eth3"]
    with ExitStack() as pulled:
        for nic in used:
            pulled.enter_context(CablePull(bed, cable_of(bed, nic)))
        wire.mark()
        eventually(carrying(wire, spare), within=seconds(detection() + LACP_JOIN), what="the others carry")
        with conversations(bonded, stream, wire) as out:
            assert set(out) == set(spare)


def wait_partner(wire: Wire, nics: Sequence[str]) -> None:
    """Wait until the host has told on these NICs that it knows the partner there, one for all."""

    def known() -> bool:
        own = {pdu.partner.system for nic in nics for pdu in told(wire, nic)[-1:]}
        theirs = {pdu.actor.system for nic in nics for pdu in heard(wire, nic)[-1:]}
        return len(own) == 1 and own == theirs

    eventually(known, within=seconds(LACP_JOIN), what=f"one partner at {', '.join(nics)}")
