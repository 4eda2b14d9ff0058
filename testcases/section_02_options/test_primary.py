"""primary: the slave to prefer in active-backup mode (HOWTO section 2)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import PEER_IP, Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.bursts import carried, numbered, peers_like
from testcases.modes import SPREADING
from testcases.outages import lost_between, trouble_after
from testcases.section_12_high_availability.bulk import transfer
from testcases.wire import Wire


@behaviour("2.primary.always-active-while-up")
@needs(slaves=2)
def test_a_primary_that_is_back_takes_over(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the primary eth1 fails and eth0 takes over; bring eth1 back.

    Verify: after updelay eth1 is active again and carries, although eth0 never failed.
    """
    bond = bonded("active-backup", miimon=100, updelay=500, primary="eth1")
    with stream("out") as out:
        with CablePull(bed, bed.slave_cable(1)):
            eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
            out.wait_flowing()
        eventually(lambda: bond.status().active == "eth1", within=seconds(500 + detection()))
        out.wait_flowing()
        wire.mark()
        out.run(0.2)
    assert set(wire.shares()) == {"eth1"}
    assert bond.status().slave("eth0").failures == 0


@behaviour("2.primary.alternates-only-when-down")
@needs(slaves=2)
def test_others_serve_only_while_the_primary_is_down(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: with primary=eth1 fail eth0 and bring it back twice; then fail eth1.

    Verify: eth1 is active and carries throughout the first part; eth0 only after eth1 has failed.
    """
    bond = bonded("active-backup", miimon=100, primary="eth1")
    with stream("out") as out:
        out.wait_flowing()
        begun_s = wire.mark()
        for _ in range(2):
            with CablePull(bed, bed.slave_cable(0)):
                never(lambda: bond.status().active != "eth1", during=seconds(detection()))
            never(lambda: bond.status().active != "eth1", during=seconds(detection()))
        assert set(wire.shares()) == {"eth1"}
        with CablePull(bed, bed.slave_cable(1)) as pull:
            eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
            out.wait_flowing()
            wire.mark()
            out.run(0.2)
            assert set(wire.shares()) == {"eth0"}
            report = out.report()
    assert lost_between(report, begun_s, pull.at - 0.02) == 0  # a frame may be on its way when it strikes
    assert trouble_after(report, pull.at) <= detection()


@behaviour("2.primary.late-enslave")
@needs(slaves=2, switch=True)
def test_a_primary_that_joins_late_takes_over(bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: with primary=eth1 run on eth0 alone; then enslave eth1.

    Verify: eth1 becomes active and carries.
    """
    bond = bonded("active-backup", slaves=1, miimon=100, updelay=200, primary="eth1")
    with stream("out") as out:
        out.wait_flowing()
        assert (bond.status().active, set(wire.shares())) == ("eth0", {"eth0"})
        bond.enslave("eth1")
        eventually(lambda: bond.status().active == "eth1", within=seconds(200 + detection()))
        wire.mark()
        out.wait_flowing()
    assert "eth1" in wire.shares()
    assert bond.status().slave_names == ("eth0", "eth1")


@behaviour("2.primary.active-backup-only")
@needs(slaves=2)
@pytest.mark.parametrize("mode", [*SPREADING, "802.3ad"])
def test_other_modes_have_no_primary(bonded: Bonding, wire: Wire, mode: str) -> None:
    """Steps: send to 16 peers over a bond without a primary, and again over one with primary=eth1.

    Verify: the log warns of the option, and every frame leaves as it did without: by both slaves, or by the
    first in 802.3ad with nobody who speaks LACP.
    """
    found = []
    for options in ({}, {"primary": "eth1"}):
        bond = bonded(mode, miimon=100, trunk=False, **options)  # type: ignore[arg-type]  # the driver's
        peers = peers_like(bond.host.mac(bond.name))
        burst = carried(wire, bond, numbered(bond, peers, 64), copies=2 if mode == "broadcast" else 1)
        found.append({nic: [frames.probe(frame) for frame in sent] for nic, sent in burst.items()})
        warned = [line for line in bond.log().splitlines() if "primary" in line]
        assert bool(warned) == bool(options)
        bond.delete()
        if bonded.peer_bond:
            bonded.peer_bond.delete()
    assert found[0] == found[1]
    assert set(found[0]) == ({"eth0"} if mode == "802.3ad" and not bonded.peer_bond else {"eth0", "eth1"})


@behaviour("2.primary.prefer-faster-slave")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_primary_may_be_the_faster_slave(bed: Testbed, bonded: Bonding) -> None:
    """Steps: the cable of eth0 has 20 Mbit/s, that of eth1, the primary, 100 (not 100 and 1000); a TCP
    transfer each while both are whole, with eth1 pulled, and with eth1 back.

    Verify: the first and the last get more than eth0 has, the second no more than that, and all something.
    """
    bond = bonded("active-backup", miimon=100, primary="eth1")
    rates = (20.0, 100.0)
    for number, mbit in enumerate(rates):
        bed.slave_cable(number).limit(mbit)

    def goodput() -> float:
        return transfer(bond.host, bed.host("peer"), PEER_IP, "--time", "1").mbit

    assert rates[0] * 1.5 < goodput() <= rates[1]
    with CablePull(bed, bed.slave_cable(1)):
        eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
        assert rates[0] * 0.3 < goodput() <= rates[0]
    eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
    assert rates[0] * 1.5 < goodput() <= rates[1]
