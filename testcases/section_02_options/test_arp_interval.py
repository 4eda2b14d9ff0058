"""Option arp_interval (HOWTO section 2)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lab.cases import HOST_IP, PEER_IP, BondDriver, Bonding, Testbed, behaviour, eventually, needs, never
from lab.faults import Blackhole
from lab.frames import BROADCAST, arp, dst_mac, src_mac
from testcases.arp_monitor import asks, configured, is_answer, recovery, silence
from testcases.bounds import SLACK, seconds
from testcases.modes import ADAPTIVE, MODES
from testcases.slaves import link_is
from testcases.wire import Wire

PERIOD = 100
"""ms. Half of the catalogue's, so that the case is over sooner."""
PERIODS = 20


@behaviour("2.arp_interval.period", "2.arp_ip_target.probe-form")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_probe_leaves_each_interval(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: one target, which is alive, no traffic; listen for 20 intervals.

    Verify: in active-backup the active slave alone asks, in the other modes every slave does, once per
    interval on the mean; a probe is a broadcast ARP request from the bond's addresses for the target, which
    answers; no slave goes down.
    """
    bond = bonded(mode, policy="round-robin", arp_interval=PERIOD, arp_ip_target=PEER_IP)
    before = bond.status()
    wire.mark()
    never(lambda: bond.status() != before, during=seconds(PERIODS * PERIOD + PERIOD / 2), what="a verdict")
    askers = ["eth0"] if mode == "active-backup" else ["eth0", "eth1"]
    mac = bond.host.mac(bond.name)
    assert set(wire.shares(asks())) == set(askers)
    for nic in askers:
        probes = wire.left_by(nic, asks())
        mean_s = (probes[-1].at_s - probes[0].at_s) / (len(probes) - 1)
        assert mean_s == pytest.approx(seconds(PERIOD), rel=0.1)
        for probe in probes:
            packet = arp(probe.data)
            assert packet
            assert (packet.sender_mac, packet.sender_ip) == (mac, HOST_IP)
            assert (src_mac(probe.data), dst_mac(probe.data)) == (mac, BROADCAST)
    assert sum(wire.arrivals(is_answer).values()) >= PERIODS - 1


@behaviour("2.arp_interval.zero-disables", "2.arp_ip_target.only-with-interval")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_interval_0_is_no_monitor(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: arp_interval=0 with a target, no miimon; all cables swallow every frame for a second and a half
    (the catalogue's 5 s have nothing to add).

    Verify: nobody asks for the target, and no slave changes state.
    """
    bond = bonded(mode, arp_interval=0, arp_ip_target=PEER_IP)
    before = bond.status()
    with ExitStack() as faults:
        for number in (0, 1):
            faults.enter_context(Blackhole(bed, bed.slave_cable(number)))
        never(lambda: bond.status() != before, during=1.5, what="a verdict")
    assert configured(bond) == (0, (PEER_IP,))
    assert not wire.shares(asks())


@behaviour("2.arp_interval.default", "2.arp_ip_target.default-empty")
@needs(once=True)
def test_there_is_no_arp_monitor_by_default(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load in each mode without the two options.

    Verify: the interval reads 0, the list of targets is empty, and the status does not speak of ARP.
    """
    for mode in (*MODES, "802.3ad", *ADAPTIVE):
        bond = driver.create(bed.host("host"), "bond0", {"mode": mode})
        assert configured(bond) == (0, ())
        assert "ARP" not in bond.proc_text()
        bond.delete()


@behaviour("2.arp_interval.not-with-miimon")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_miimon_takes_its_place(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: both monitors are asked for; listen for five intervals.

    Verify: miimon is on, arp_interval 0, a warning names it, and no probe leaves.
    """
    bond = bonded(mode, miimon=100, arp_interval=PERIOD, arp_ip_target=PEER_IP)
    never(lambda: wire.shares(asks()), during=seconds(5 * PERIOD), what="a probe")
    assert (bond.status().miimon_ms, configured(bond)[0]) == (100, 0)
    assert "arp_interval" in bond.log()


@behaviour("12.1.1.802.3ad.requires-mii", "12.1.1.tlb-alb.no-arp-monitor")
@pytest.mark.parametrize("mode", ["802.3ad", *ADAPTIVE])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_mode_without_arp_monitor_has_miimon(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: load in a mode that mandates the MII monitor with arp_interval and a target, and no miimon;
    listen for five intervals.

    Verify: miimon is 100, arp_interval 0, a warning says so, and no probe leaves.
    """
    bond = bonded(mode, ready=False, arp_interval=PERIOD, arp_ip_target=PEER_IP)
    never(lambda: wire.shares(asks()), during=seconds(5 * PERIOD), what="a probe")
    assert (bond.status().miimon_ms, configured(bond)[0]) == (100, 0)
    assert "miimon" in bond.log()


@behaviour("2.arp_interval.even-distribution-ok")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_a_switch_that_spreads_evenly_keeps_all_slaves_up(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: four slaves, one target, no traffic; the switch deals its frames round-robin; 20 intervals of
    200 ms (of the catalogue's 50).

    Verify: answers reach every slave, none goes down, no failure is counted.
    """
    bond = bonded(mode, slaves=4, policy="round-robin", arp_interval=200, arp_ip_target=PEER_IP)
    before = bond.status()
    wire.mark()
    never(lambda: bond.status() != before, during=seconds(20 * 200), what="a verdict")
    assert set(wire.arrivals(is_answer)) == {"eth0", "eth1", "eth2", "eth3"}
    assert [slave.failures for slave in before.slaves] == [0, 0, 0, 0]


@behaviour("2.arp_interval.xor-distribution-fails-members")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_switch_that_hashes_makes_slaves_fail(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: as before, but the switch picks the port by the MAC addresses; 20 intervals.

    Verify: all answers come back on one slave; that stays up, the other fails within six intervals though
    its cable and path are good.
    """
    bond = bonded(mode, policy="xor-mac", ready=False, arp_interval=PERIOD, arp_ip_target=PEER_IP)
    arrivals = eventually(lambda: wire.arrivals(is_answer), within=1.0, what="an answer")
    (good,) = arrivals
    (bad,) = {"eth0", "eth1"} - {good}
    bound = seconds(6 * PERIOD + SLACK)
    eventually(lambda: bond.status().slave(bad).failures, within=bound, what=f"{bad} fails")
    never(lambda: bond.status().slave(good).mii_status != "up", during=seconds(PERIODS * PERIOD))
    assert set(wire.arrivals(is_answer)) == {good}


@behaviour("2.downdelay.miimon-only", "2.updelay.miimon-only")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, once=True)
def test_it_heeds_no_delays(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: one slave, downdelay 5 s, updelay 10 s, no miimon; its cable swallows every frame for a while.

    Verify: the slave is down within four intervals, up within three of the end; warnings name the delays.
    """
    delays = {"downdelay": 5000, "updelay": 10000}
    options = {"arp_interval": PERIOD, "arp_ip_target": PEER_IP, **delays}
    bond = bonded(mode, slaves=1, **options)  # type: ignore[arg-type]  # options of the driver
    assert all(name in bond.log() for name in delays)
    with Blackhole(bed, bed.slave_cable(0)):
        eventually(link_is(bond, "eth0", "down"), seconds(silence(PERIOD)), what="eth0 is down")
    eventually(link_is(bond, "eth0", "up"), seconds(recovery(PERIOD)), what="eth0 is up")
