"""Slaves with routes of their own (HOWTO section 9.1). Which route wins is for the host's stack to say."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from lab.cases import (
    HOST_IP,
    PEER_B_IP,
    PEER_IP,
    BondDriver,
    BondHandle,
    Bonding,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.drivers.userspace import UserspaceDriver
from lab.faults import ArpLoss, CablePull
from testcases.arp_monitor import asks, is_answer, recovery, silence
from testcases.bounds import seconds
from testcases.modes import ADAPTIVE, EVERY, MODES
from testcases.section_05_query.test_interfaces import counters
from testcases.section_09_trouble.routes import (
    PEERS,
    asked_by_the_bond,
    carriers,
    conflict,
    datagrams,
    introduce,
    is_datagram,
    routed_by,
)
from testcases.slaves import link_goes, link_is
from testcases.wire import Wire

SLAVES = ["eth0", "eth1"]
INTERVAL = 100
"""ms. Half of the catalogue's, so that the cases are over sooner."""
ARP: dict[str, Any] = {"arp_interval": INTERVAL, "arp_ip_target": PEER_IP, "policy": "round-robin"}


def preferring_eth1(mode: str) -> dict[str, Any]:
    """Options by which the bond itself does not send by eth0 alone."""
    return {"primary": "eth1"} if mode == "active-backup" else {}


def copies_in(mode: str) -> int:
    """How often the bond sends a frame."""
    return 2 if mode == "broadcast" else 1


def pings(bond: BondHandle) -> bool:
    """Whether the host's stack finds the peer by ARP and gets an answer."""
    bond.host.run(["ip", "neighbour", "flush", "to", PEER_IP])
    return bond.host.run(["ping", "-c", "1", "-W", "1", PEER_IP], check=False).returncode == 0


@behaviour("9.1.routes.slave-routes-bypass", "9.1.routes.removal-cures")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_routes_over_slaves_bypass_the_bond(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the stack sends to eight peers: as set up, with routes over eth0 and eth1 that win, with the
    cable of eth0 pulled, and so without the routes.

    Verify: first the mode decides which slaves carry; with the routes all leave by eth0. With its cable out
    they are lost, while frames that are given to the bond pass; without the routes they leave by eth1.
    """
    bond = bonded(mode, miimon=100, **preferring_eth1(mode))
    introduce(bond, [*SLAVES, bond.name])
    normal = set(carriers(bond, wire, copies_in(mode)))
    assert normal != {"eth0"} or mode in ADAPTIVE
    with conflict(bed, SLAVES) as routes:
        assert carriers(bond, wire) == {"eth0": len(PEERS)}
        with CablePull(bed, bed.slave_cable(0)), stream("out") as through_the_bond:
            link_goes(bond, "eth0", "down")
            wire.mark()
            datagrams(bond)
            through_the_bond.wait_flowing()
            assert set(wire.shares()) == {"eth1"}
            assert wire.shares(is_datagram) == {}
            routes.heal()
            assert carriers(bond, wire) == {"eth1": len(PEERS)}


@behaviour("9.1.routes.times-still-updated")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, roles=("peer_b",), once=True)
def test_traffic_past_the_bond_is_traffic_of_the_slave(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: one slave, with a route of its own to the peer; the replies of the ARP target, another station,
    are lost; pings of the peer go past the bond for 15 intervals, then end.

    Verify: the pings pass by the slave and are answered, and the ARP monitor takes it for up as long as they
    do, though no probe is answered; it is down within four intervals of their end.
    """
    bond = bonded(mode, slaves=1, **(ARP | {"arp_ip_target": PEER_B_IP}))
    peer = bed.host("peer")
    introduce(bond, ["eth0", bond.name], {peer.mac(peer.nics[0]): PEER_IP})
    known = ["lladdr", bond.host.mac(bond.name), "nud", "permanent", "dev", peer.nics[0]]
    peer.run(["ip", "neighbour", "replace", HOST_IP, *known])
    with conflict(bed, ["eth0"], f"{PEER_IP}/32"):
        pinging = bond.host.start(["ping", "-n", "-i", "0.03", PEER_IP])
        eventually(lambda: "bytes from" in pinging.output(), within=2.0, what="pings are answered")
        with ArpLoss(bed, bed.slave_cable(0), "reply"):
            wire.mark()
            never(link_is(bond, "eth0", "down"), during=seconds(15 * INTERVAL), what="eth0 goes down")
            assert wire.left_by("eth0", asks(PEER_B_IP))
            assert not wire.arrivals(is_answer)
            pinging.stop()
            eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")


@behaviour("9.1.routes.arp-monitor-confused", "9.1.routes.removal-cures")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_arp_fails_until_the_routes_are_gone(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the stack asks for the target by ARP: as set up, with routes over the slaves, and without them
    again; then the cable of eth1 is pulled.

    Verify: only with the routes the target is not found: its replies, which reach the host, are not taken for
    answers to what was asked by another interface. Afterwards the stack's frames leave as the mode says, and
    the monitor is right about both slaves.
    """
    bond = bonded(mode, **ARP, **preferring_eth1(mode))
    introduce(bond, [*SLAVES, bond.name])
    before = carriers(bond, wire, copies_in(mode))
    assert pings(bond)
    with conflict(bed, SLAVES):
        wire.mark()
        assert not pings(bond)
        assert wire.arrivals(is_answer)
        bed.timeline.note("difference", f"{PEER_IP} answers ARP and is not found with routes over {SLAVES}")
    for nic in SLAVES:
        eventually(link_is(bond, nic, "up"), seconds(recovery(INTERVAL)), what=f"{nic} is up")
    assert pings(bond)
    assert set(carriers(bond, wire, copies_in(mode))) == set(before) != {"eth0"}
    with CablePull(bed, bed.slave_cable(1)):
        eventually(link_is(bond, "eth1", "down"), seconds(silence(INTERVAL, rounds=1)), what="eth1 is down")
        assert link_is(bond, "eth0", "up")()


@behaviour("9.1.routes.reply-on-other-interface", "9.1.routes.reply-discarded")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_reply_to_the_bond_is_discarded(
    bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: with routes over the slaves, the stack asks for the peer by the bond.

    Verify: a reply reaches the host, and the bond gets no neighbour by it: it came in by another interface.
    """
    if isinstance(driver, UserspaceDriver):
        pytest.skip(
            "bondimpl hands what slaves receive to the stack as the bond's, as the kernel's driver does"
        )
    bond = bonded("balance-rr", miimon=100)
    with conflict(bed, SLAVES):
        wire.mark()
        found = asked_by_the_bond(bond)
        assert wire.arrivals(is_answer)
        assert not found


@behaviour("9.1.routes.mii-unaffected")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_miimon_does_not_care_for_routes(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: pull and plug the cable of each slave, without routes over slaves, and with such.

    Verify: each time the slave is down and up again within the detection time, with a failure counted.
    """
    bond = bonded(mode, miimon=100)
    for routes in (nullcontext(), conflict(bed, SLAVES)):
        with routes:
            for number, nic in enumerate(SLAVES):
                with CablePull(bed, bed.slave_cable(number)):
                    link_goes(bond, nic, "down")
                link_goes(bond, nic, "up")
    assert {slave.failures for slave in bond.status().slaves} == {2}


@behaviour("9.1.routes.none-on-slaves")
@pytest.mark.parametrize("front_end", ["driver", "bondctl", "ifenslave"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_slaves_have_no_routes(
    front_end: str, bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: a bond of each mode whose slaves are added by the lab; then one whose slaves are added by each
    tool of the HOWTO's kind, where ifenslave finds the NICs up, with addresses and so with routes.

    Verify: no route names a slave, and what the stack sends leaves as the mode says.
    """
    for mode in EVERY if front_end == "driver" else ():
        bond = bonded(mode, trunk=False, ready=False, miimon=100)
        assert routed_by(bond) == {bond.name}
        bond.delete()
    bond = bonded("balance-rr", miimon=100)
    if front_end != "driver":
        if not isinstance(driver, UserspaceDriver):
            pytest.skip(f"{front_end} is a tool of bondimpl, not of the driver {driver.name}")
        for number, nic in enumerate(SLAVES):
            bond.release(nic)
            if front_end == "ifenslave":
                bond.host.run(["ip", "address", "add", f"10.0.0.{20 + number}/24", "dev", nic])
                bond.host.run(["ip", "link", "set", "dev", nic, "up"])
                assert nic in routed_by(bond)
        tool = ["ifenslave"] if front_end == "ifenslave" else ["bondctl", "enslave"]
        socket = f"BONDD_SOCKET={driver.daemon(bond.host).socket}"
        bond.host.run(["env", socket, *tool, bond.name, *SLAVES])
        for nic in SLAVES:
            link_goes(bond, nic, "up")
    assert routed_by(bond) == {bond.name}
    introduce(bond, [bond.name])
    assert carriers(bond, wire) == {"eth0": len(PEERS) // 2, "eth1": len(PEERS) // 2}


@behaviour("9.1.routes.non-superseding-ok")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_routes_that_do_not_win_do_no_harm(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: eth0 gets a route to the bond's network with a worse metric, eth1 one to a wider network.

    Verify: the stack's frames go through the bond, by the same slaves as before; the target is found by ARP,
    and the monitor (that of ARP where the mode has it) takes no slave for down in ten intervals.
    """
    bond = bonded(mode, **(ARP if mode in MODES else {"miimon": INTERVAL}), **preferring_eth1(mode))
    introduce(bond, [*SLAVES, bond.name])
    before = set(carriers(bond, wire, copies_in(mode)))
    bond.host.run(["ip", "route", "add", "10.0.0.0/24", "dev", "eth0", "metric", "100"])
    bond.host.run(["ip", "route", "add", "10.0.0.0/8", "dev", "eth1"])
    given = counters(bond.host, bond.name).sent
    after = set(carriers(bond, wire, copies_in(mode)))
    assert counters(bond.host, bond.name).sent - given >= len(PEERS)
    assert after == before or mode in ADAPTIVE  # which may have shared out anew
    assert pings(bond)
    never(
        lambda: [slave.name for slave in bond.status().slaves if slave.mii_status != "up"],
        during=seconds(10 * INTERVAL),
        what="a slave is down",
    )
