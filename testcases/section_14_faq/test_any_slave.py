"""What can be a slave, and how many (HOWTO section 14, questions 2 and 4)."""

from __future__ import annotations

import json

import pytest

from lab.cases import BondDriver, Bonding, StreamMaker, Testbed, behaviour, eventually, needs, send_frames
from lab.drivers.userspace import UserspaceDriver
from lab.faults import CablePull
from lab.hosts.base import Host
from testcases.bounds import detection, seconds
from testcases.bursts import carried, numbered, peers_like
from testcases.fault_shim import FaultShim
from testcases.modes import ADAPTIVE, MODES, SPREADING
from testcases.outages import trouble_after
from testcases.section_14_faq.tap_nic import add_tap
from testcases.wire import Wire

MANY, ROUNDS = 32, 10
SPEEDS = {"eth0": 10, "eth1": 100, "eth2": 1000}
"""Mbit/s"""


def add_cables_to_nowhere(host: Host, count: int) -> list[str]:
    """Further NICs: virtual Ethernet whose far ends are on the host, too."""
    pairs = [(f"more{number}", f"end{number}") for number in range(count)]
    lines = [f"link add name {nic} type veth peer name {end}\nlink set dev {end} up\n" for nic, end in pairs]
    host.run(["ip", "-batch", "-"], text_in="".join(lines))
    return [nic for nic, _ in pairs]


def sent(host: Host) -> dict[str, int]:
    """Packets that each interface has sent."""
    links = json.loads(host.run(["ip", "-s", "-j", "link", "show"]).stdout)
    return {link["ifname"]: link["stats64"]["tx"]["packets"] for link in links}


@behaviour("14.4.slaves-limited-by-ports")
@needs(slaves=2, meeting=True, once=True)
def test_all_ports_can_be_slaves(bed: Testbed, bonded: Bonding) -> None:
    """Steps: two cabled NICs and thirty more; enslave all; ten frames for each in mode balance-rr.

    Verify: the status lists all 32 as up, and each sends ten frames.
    """
    bond = bonded("balance-rr", miimon=100)
    names = ["eth0", "eth1", *add_cables_to_nowhere(bond.host, MANY - 2)]
    for nic in names[2:]:
        bond.enslave(nic)
    eventually(lambda: {slave.mii_status for slave in bond.status().slaves} == {"up"}, within=2.0)
    assert bond.status().slave_names == tuple(names)
    before = sent(bond.host)
    send_frames(bond.host, bond.name, numbered(bond, ["02:00:00:00:00:77"], MANY * ROUNDS))

    def more() -> dict[str, int]:
        now = sent(bond.host)
        return {nic: now[nic] - before[nic] for nic in names}

    eventually(lambda: sum(more().values()) >= MANY * ROUNDS, within=2.0)
    assert set(more().values()) <= {ROUNDS, ROUNDS + 1}


@behaviour("14.2.any-ethernet-mix")
@needs(slaves=2, switch=True)
def test_slaves_may_be_of_different_makes(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a veth and a TAP (whose frames pass the cable of eth1) as slaves in active-backup; traffic both
    ways; pull the cable of the veth.

    Verify: both are accepted; the TAP takes over within the detection time and carries both ways.
    """
    host = bed.host("host")
    add_tap(host, "tap0", "eth1")
    bond = bonded("active-backup", slaves=("eth0", "tap0"), miimon=100)
    host.run(["ip", "link", "set", "dev", "eth1", "up", "arp", "off"])
    assert bond.status().slave_names == ("eth0", "tap0")
    with stream("out") as out, stream("in") as back:
        out.wait_flowing()
        back.wait_flowing()
        assert set(wire.shares()) == {"eth0"}
        with CablePull(bed, bed.slave_cable(0)) as fault:
            eventually(lambda: bond.status().active == "tap0", within=seconds(detection()))
            out.wait_flowing()
            back.wait_flowing()
            assert wire.left_by("eth1")
            assert wire.reached("eth1")
            reports = out.report(), back.report()
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports


@behaviour("14.2.mixed-speeds-allowed")
@pytest.mark.parametrize("mode", [*MODES, *ADAPTIVE])
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_slaves_may_be_of_different_speeds(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: three cables of 10, 100 and 1000 Mbit/s, which the NICs' drivers tell where they can be made to;
    all three are enslaved anew; traffic both ways.

    Verify: all are accepted and up; nothing is lost, and the modes in which every slave takes part use all
    three.
    """
    shim = FaultShim(driver, bed) if isinstance(driver, UserspaceDriver) else None
    for number, mbit in enumerate(SPEEDS.values()):
        bed.slave_cable(number).limit(mbit)
    bond = bonded(mode, slaves=3, miimon=100)
    for nic, mbit in SPEEDS.items():
        if shim:
            shim.speed(nic, f"{mbit}/full")
        bond.release(nic)
        bond.enslave(nic)
    eventually(lambda: {slave.mii_status for slave in bond.status().slaves} == {"up"}, seconds(detection()))
    assert set(bond.status().slave_names) == set(SPEEDS)
    with stream("in") as back, stream("out") as out:
        out.wait_flowing()
        back.wait_flowing()
        out.run(0.3)
    assert out.report().lost == back.report().lost == 0
    if mode in SPREADING:
        peers = peers_like(bond.host.mac(bond.name))
        burst = carried(wire, bond, numbered(bond, peers, 48), copies=3 if mode == "broadcast" else 1)
        assert set(burst) == set(SPEEDS)
