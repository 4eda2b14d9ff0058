"""use_carrier: whom the MII monitor asks for the state of a link (HOWTO section 2)."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.fault_shim import UP_DOWN, FaultShim
from testcases.links import has_carrier
from testcases.modes import MODES
from testcases.outages import trouble_after
from testcases.section_14_faq.tap_nic import add_tap
from testcases.slaves import link_goes, link_is


@behaviour("2.use_carrier.one-uses-carrier-flag", "2.use_carrier.default")
@needs(slaves=2, once=True)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [{}, {"use_carrier": 1}], ids=["default", "use_carrier=1"])
def test_the_carrier_flag_is_trusted(
    bed: Testbed, driver: BondDriver, bonded: Bonding, mode: str, options: dict[str, int]
) -> None:
    """Steps: with use_carrier=1, or none given, the driver's carrier flag goes off and on; the link is fine.

    Verify: the slave follows it, and neither MII nor ethtool is asked.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, miimon=100, **options)  # type: ignore[arg-type]  # the driver's
    for word in UP_DOWN:
        shim.answer("eth0", "carrier", word)
        shim.answer("eth0", "mii", "up")
        shim.answer("eth0", "ethtool", "up")
        link_goes(bond, "eth0", word)
    assert (shim.asked("eth0", "mii"), shim.asked("eth0", "ethtool")) == (0, 0)


@behaviour("2.use_carrier.zero-uses-ioctls")
@needs(slaves=2, once=True)
def test_ioctls_are_used(bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: with use_carrier=0 the MII link bit goes off and on; the carrier flag stays on.

    Verify: the slave follows it; every poll asks once at least, and never for the carrier flag.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.answer("eth0", "mii", "up")
    carrier, queries = shim.asked("eth0", "carrier"), shim.asked("eth0", "mii")
    with stream("out") as clock:
        clock.run(1.0)
    assert shim.asked("eth0", "mii") - queries >= 9  # 10 polls; the clock may start just behind one
    for word in UP_DOWN:
        shim.answer("eth0", "mii", word)
        link_goes(bond, "eth0", word)
    assert shim.asked("eth0", "carrier") == carrier


@behaviour("2.use_carrier.ioctl-cost")
@needs(slaves=4, once=True)
@pytest.mark.parametrize("use_carrier", [0, 1])
def test_ioctls_cost_a_query_each_poll(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker, use_carrier: int
) -> None:
    """Steps: with miimon=10 and four slaves count the queries of MII registers for a second. (Not eight: no
    topology has so many.)

    Verify: use_carrier=0 asks every slave at every poll, use_carrier=1 never.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", slaves=4, miimon=10, use_carrier=use_carrier)

    def queries() -> int:
        return sum(
            shim.asked(nic, query) for nic in bond.status().slave_names for query in ("mii", "ethtool")
        )

    before = queries()
    with stream("out") as clock:
        clock.run(1.0)
    asked = queries() - before
    if use_carrier:
        assert asked == 0
    else:
        assert asked >= 4 * 100 * 0.9  # a busy machine skips some polls


@behaviour("2.use_carrier.no-driver-support-always-up")
@needs(slaves=2, once=True)
def test_a_driver_without_carrier_support_is_always_up(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: the active slave's driver never clears its carrier flag; pull its cable for 20 polls.

    Verify: the slave stays up and active, and every frame is lost.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=1)
    shim.answer("eth0", "carrier", "up")
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as pull:
            never(lambda: bond.status().active != "eth0" or link_is(bond, "eth0", "down")(), during=2.0)
            report = out.report()
    assert report.outages[-1].from_s <= pull.at + 0.05
    assert report.outages[-1].ms >= 1500


@behaviour("2.use_carrier.zero-rescues")
@needs(slaves=2, once=True)
def test_use_carrier_0_sees_through_such_a_driver(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: the same driver, whose MII registers tell the truth, with use_carrier=0; pull the cable.

    Verify: the slave goes down, and the loss ends within the detection bound.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.answer("eth0", "carrier", "up")
    shim.answer("eth0", "mii", "up")
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as pull:
            shim.answer("eth0", "mii", "down")
            link_goes(bond, "eth0", "down")
            out.wait_flowing()
            report = out.report()
    assert trouble_after(report, pull.at) <= detection()


@behaviour("2.miimon.use_carrier-decides-source")
@needs(slaves=2, once=True)
@pytest.mark.parametrize(("use_carrier", "word"), [(1, "up"), (0, "down")])
def test_use_carrier_decides_whom_to_believe(
    bed: Testbed, driver: BondDriver, bonded: Bonding, use_carrier: int, word: str
) -> None:
    """Steps: a driver's carrier flag says up and its MII register down; use_carrier=1 and 0.

    Verify: the slave is up in the first case and down in the second, and stays so.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=use_carrier)
    shim.answer("eth0", "carrier", "up")
    shim.answer("eth0", "mii", "down")
    eventually(link_is(bond, "eth0", word), within=seconds(100 + detection()))
    never(link_is(bond, "eth0", "down" if word == "up" else "up"), during=seconds(100 + detection()))


@behaviour("2.use_carrier.driver-coverage")
@needs(slaves=2, switch=True, once=True)
def test_not_every_kind_of_nic_keeps_its_carrier(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: a veth and a TAP (whose frames pass the cable of eth1) as slaves; pull the cable of each, and
    list for which the carrier flag goes.

    Verify: for the veth, which miimon then takes for down; not for the TAP, whose program leaves the flag
    alone, so that it is taken for up: drivers of either kind are still about.
    """
    host = bed.host("host")
    add_tap(host, "tap0", "eth1")
    bond = bonded("active-backup", slaves=("eth0", "tap0"), miimon=100)
    host.run(["ip", "link", "set", "dev", "eth1", "up", "arp", "off"])
    keeps_carrier = {}
    for kind, nic, number in (("veth", "eth0", 0), ("tap", "tap0", 1)):
        assert has_carrier(host, nic)
        with CablePull(bed, bed.slave_cable(number)):
            with stream("out") as clock:
                clock.run(seconds(detection()))
            keeps_carrier[kind] = not has_carrier(host, nic)
            assert link_is(bond, nic, "down" if keeps_carrier[kind] else "up")()
        link_goes(bond, nic, "up")
    assert keeps_carrier == {"veth": True, "tap": False}
    bed.timeline.note("carrier support", ", ".join(f"{kind}: {kept}" for kind, kept in keeps_carrier.items()))
