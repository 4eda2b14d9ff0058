"""A dead slave goes on being monitored (HOWTO section 14, question 5)."""

from __future__ import annotations

import pytest

from lab.cases import PEER_IP, BondDriver, Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import Blackhole
from testcases.arp_monitor import asks, recovery, silence
from testcases.bounds import seconds
from testcases.fault_shim import FaultShim
from testcases.modes import EVERY, MODES
from testcases.slaves import link_goes, link_is
from testcases.wire import Wire

MIIMON, INTERVAL = 50, 100
"""ms"""
PERIODS = 20


@behaviour("14.5.slave-dies.keeps-being-monitored")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_carrier_of_a_dead_slave_is_read_on(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: the carrier flag of eth0 goes; for 20 periods count how often it is read; it comes back.

    Verify: the slave is down all the time, its flag is read at each period (a busy machine skips some), and
    it is up when the flag is back.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, trunk=False, ready=mode != "802.3ad", miimon=MIIMON)
    shim.answer("eth0", "carrier", "down")
    link_goes(bond, "eth0", "down")
    before = shim.asked("eth0", "carrier")
    with stream("out") as clock:
        clock.run(seconds(PERIODS * MIIMON))
    assert shim.asked("eth0", "carrier") - before >= 0.8 * PERIODS
    assert link_is(bond, "eth0", "down")()
    shim.answer("eth0", "carrier", "real")
    link_goes(bond, "eth0", "up")


@behaviour("14.5.slave-dies.keeps-being-monitored")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_dead_slave_is_probed_as_the_mode_has_it(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: under the ARP monitor the cable of eth0 swallows all frames for 20 intervals, then none.

    Verify: while it is down probes leave by eth0 all the time; in active-backup, where the active slave alone
    asks and the others have to hear that, by eth1 only. It is up within three intervals of the end.
    """
    bond = bonded(mode, policy="round-robin", arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    with Blackhole(bed, bed.slave_cable(0)):
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
        wire.mark()
        with stream("out") as clock:
            clock.run(seconds(PERIODS * INTERVAL))
        asked = wire.shares(asks())
        assert link_is(bond, "eth0", "down")()
    assert asked["eth1"] >= 0.8 * PERIODS
    if mode == "active-backup":
        assert set(asked) == {"eth1"}
    else:
        assert asked["eth0"] >= 0.8 * PERIODS
    eventually(link_is(bond, "eth0", "up"), seconds(recovery(INTERVAL)), what="eth0 is up")
