"""Mode balance-tlb, and what balance-alb has of it: sending by every slave (HOWTO section 2, `mode`)."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from lab import frames
from lab.cases import (
    HOST_IP,
    BondDriver,
    BondHandle,
    Bonding,
    Capture,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import CablePull
from lab.hosts.base import Host
from lab.switches.base import Learned
from testcases.bounds import detection, seconds
from testcases.modes import ADAPTIVE
from testcases.neighbours import NOWHERE_IP, REBALANCE, Neighbours, is_learning, wait_dealt
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

PRETTY = {"balance-tlb": "transmit load balancing", "balance-alb": "adaptive load balancing"}


@pytest.mark.parametrize(
    ("mode", "number"),
    [
        pytest.param("balance-tlb", "5", marks=behaviour("2.mode.value.balance-tlb")),
        pytest.param("balance-alb", "6", marks=behaviour("2.mode.value.balance-alb")),
    ],
)
@needs(once=True)
def test_the_mode_has_a_name_and_a_number(
    mode: str, number: str, bed: Testbed, driver: BondDriver, wire: Wire
) -> None:
    """Steps: load with the mode's name, then with its number; each time add a slave.

    Verify: both give the same status, with the mode's line; learning frames leave in both.
    """
    host = bed.host("host")
    texts = []
    for value in (mode, number):
        bond = driver.create(host, "bond0", {"mode": value, "miimon": "100"})
        assert (bond.status().mode, bond.status().pretty_mode) == (mode, PRETTY[mode])
        texts.append(bond.proc_text())
        host.run(["ip", "link", "set", "dev", "bond0", "up"])
        host.run(["ip", "link", "set", "dev", "eth0", "down"])
        wire.mark()
        bond.enslave("eth0")
        wait_dealt(wire, ["eth0"])
        bond.delete()
    assert texts[0] == texts[1]


@behaviour("12.1.1.tlb-alb.no-arp-monitor")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(slaves=2, once=True)
def test_there_is_no_arp_monitor(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: load with arp_interval=200 and a target, without miimon; enslave two; wait for five intervals.

    Verify: the status has miimon 100 and ARP interval 0, the log warns, nothing asks for the target.
    """
    bond = bonded(mode, arp_interval=200, arp_ip_target=NOWHERE_IP)
    status = bond.status()
    assert (status.miimon_ms, status.arp_interval_ms, status.arp_targets) == (100, 0, ())
    assert any("miimon" in line and "100" in line for line in bond.log().splitlines())
    never(lambda: wire.shares(lambda frame: frames.is_arp_request(frame, NOWHERE_IP)), during=1.0)


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("balance-tlb", marks=behaviour("2.mode.balance-tlb.no-switch-support")),
        pytest.param(
            "balance-alb",
            marks=behaviour("2.mode.balance-alb.no-switch-support", "2.mode.balance-alb.includes-tlb"),
        ),
    ],
)
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_a_plain_switch_will_do(
    mode: str, bed: Testbed, capture: Capture, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a stream to each of eight peers and one from each, until the outgoing ones use several slaves,
    and for half a second more.

    Verify: nothing is lost or doubled; what a slave sends has its own address as source, in each frame; so
    the switch has each address at one port all the time.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    nics = bed.host("host").nics[:3]
    wait_dealt(wire, nics)
    peers = Neighbours(bed, capture)
    peers.resolve()
    ports = {bond.host.mac(port.name): bed.topology.far_end(port).name for port in bed.topology.slaves[:3]}
    switch = bed.switch(bed.topology.far_end(bed.topology.slaves[0]).node)

    def strays() -> list[Learned]:
        return [row for row in switch.mac_table() if ports.get(row.mac, row.port) != row.port]

    wire.mark()
    with ExitStack() as running:
        flows = []
        for one, mac in peers.cache().items():
            out = stream("out", dst_mac=one.mac, dst_ip=one.ip, rate_pps=50)
            back = stream("in", dst_mac=mac, src_mac=one.mac, dst_ip=NOWHERE_IP, rate_pps=50)
            flows += [running.enter_context(out), running.enter_context(back)]
        eventually(lambda: len(wire.shares()) > 1, within=seconds(REBALANCE), what="several slaves send")
        never(strays, during=0.5, what="an address on another port", every=0.02)
    assert {(flow.report().lost, flow.report().duplicates) for flow in flows} == {(0, 0)}
    assert {row.mac for row in switch.mac_table()} >= set(ports)
    for nic in nics:
        assert {frames.src_mac(seen.data) for seen in wire.left_by(nic, bool)} == {bond.host.mac(nic)}


@behaviour("2.mode.balance-tlb.rx-on-current", "11.promisc.tlb-active-is-receiver")
@behaviour("2.mode.balance-tlb.rx-takeover")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_another_slave_takes_over_reception(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the peer, which has resolved the bond's address, sends to it; pull the active slave's cable.

    Verify: frames arrive on the slave that the status names as active and on no other, before and after.
    Another one then has the bond's address, and sends a learning frame from it; the switch has it at that
    port; the peer's ARP entry is the same; reception resumes in time.
    """
    bond = bonded("balance-tlb", slaves=3, miimon=100)
    peer, mac = bed.host("peer"), bond.host.mac(bond.name)
    peer.run(["ping", "-c", "1", "-W", "1", HOST_IP])
    with stream("in") as back:
        back.wait_flowing()
        wire.mark()
        back.run(0.3)
        assert bond.status().active == "eth0"
        assert set(wire.arrivals()) == {"eth0"}
        wire.mark()
        with CablePull(bed, cable_of(bed, "eth0")):
            new = successor(bond, "eth0")
            back.wait_flowing()
            assert mac == bond.host.mac(new) == bond.host.mac(bond.name) != bond.host.mac("eth0")
            # One from the address that it had before may have come first: each slave sends them all the time.
            assert mac in {frames.src_mac(seen.data) for seen in wire.left_by(new, is_learning)}
            port = next(port for port in bed.topology.slaves if port.name == new)
            end = bed.topology.far_end(port)
            assert Learned(mac, end.name) in bed.switch(end.node).mac_table()
            assert hardware_address(peer, HOST_IP) == mac
            wire.mark()
            back.run(0.3)
            assert set(wire.arrivals()) == {new}
    assert back.report().outage_ms <= detection(100)
    assert back.report().duplicates == 0


@pytest.mark.parametrize("mode", ADAPTIVE)
@behaviour("2.mode.balance-alb.unique-slave-macs")
@needs(slaves=4, once=True)
def test_every_slave_has_an_address_of_its_own(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: enslave four NICs of different addresses.

    Verify: each goes on having its own, the first one's is the bond's; learning frames leave with them.
    """
    host = bed.host("host")
    nics = host.nics[:4]
    own = {nic: host.mac(nic) for nic in nics}
    assert len(set(own.values())) == 4
    bond = bonded(mode, slaves=4, miimon=100)
    assert {nic: host.mac(nic) for nic in nics} == own
    assert [nic for nic, mac in own.items() if mac == host.mac(bond.name)] == [bond.status().active]
    wait_dealt(wire, nics)
    for nic in nics:
        assert {frames.src_mac(seen.data) for seen in wire.left_by(nic, is_learning)} == {own[nic]}


@pytest.mark.parametrize(
    "mode",
    [
        "balance-tlb",
        pytest.param(
            "balance-alb",
            marks=behaviour(
                "2.mode.balance-alb.active-has-bond-mac",
                "2.mode.balance-alb.swap-on-failure",
                "2.mode.balance-alb.includes-tlb",
            ),
        ),
    ],
)
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_the_active_slave_has_the_address_of_the_bond(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: under traffic to the bond the active slave fails and recovers, three times.

    Verify: each time the failed one and the new one have swapped addresses, nothing else has changed, and
    frames to the bond arrive on the new one.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    nics, mac = bond.host.nics[:3], bond.host.mac(bond.name)
    with stream("in") as back:
        back.wait_flowing()
        for _ in range(3):
            old, before = bond.status().active, {nic: bond.host.mac(nic) for nic in nics}
            assert old is not None
            assert [nic for nic in nics if before[nic] == mac] == [old]
            with CablePull(bed, cable_of(bed, old)):
                new = successor(bond, old)
                assert {nic: bond.host.mac(nic) for nic in nics} == {
                    **before,
                    old: before[new],
                    new: mac,
                }
                back.wait_flowing()
                wire.mark()
                back.run(0.1)
                assert set(wire.arrivals()) == {new}
            link_goes(bond, old, "up")
    assert bond.host.mac(bond.name) == mac


def successor(bond: BondHandle, failed: str) -> str:
    """The slave that is active instead, as soon as it must be."""
    chosen = eventually(
        lambda: bond.status().active,
        within=seconds(detection()),
        until=lambda active: active not in (None, failed),
        what="another slave is active",
    )
    assert chosen is not None
    return chosen


def hardware_address(host: Host, ip: str) -> str:
    """What a host has in its ARP cache."""
    (entry,) = json.loads(host.run(["ip", "-j", "neighbour", "show", ip]).stdout)
    return str(entry["lladdr"])
