"""What balance-alb needs and what it leaves alone (HOWTO section 2, `mode`)."""

from __future__ import annotations

from functools import partial

import pytest

from lab import frames
from lab.cases import (
    BondDriver,
    Bonding,
    Capture,
    DriverRefused,
    Port,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
)
from testcases import neighbour_discovery
from testcases.fault_shim import FaultShim
from testcases.neighbours import ASKED_S, Neighbour, Neighbours, nic_of, wait_dealt
from testcases.wire import Wire

FOUR = ("eth0", "eth1", "eth2", "eth3")
HOST_IP6 = "fd00::1"


def ip6(one: Neighbour) -> str:
    """The peer's IPv6 address: it ends as the other one does."""
    return f"fd00::{one.ip.rpartition('.')[2]}"


@behaviour("2.mode.balance-alb.rlb-ipv4-only")
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_ipv6_is_not_balanced_among_receivers(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: eight peers ask for the bond's IPv4 address and send to what they were told; the same by IPv6.

    Verify: IPv4 frames arrive by all four slaves. Each neighbour advertisement gives the bond's address, and
    all IPv6 frames arrive by the active slave.
    """
    bond = bonded("balance-alb", slaves=4, miimon=100)
    wait_dealt(wire, FOUR)
    peers = Neighbours(bed, capture)
    peers.resolve()
    assert {nic for nics in peers.arrivals(wire).values() for nic in nics} == set(FOUR)
    bond.host.run(["sysctl", "-q", "-w", f"net.ipv6.conf.{bond.name}.disable_ipv6=0"])
    bond.host.run(["ip", "-6", "address", "add", f"{HOST_IP6}/64", "dev", bond.name, "nodad"])
    station = bed.host("peer")
    port, since_s = Port(station.name, station.nics[0]), capture.mark()

    def told(one: Neighbour) -> list[str]:
        heard = capture.frames(port, False, since_s, lambda frame: frames.dst_mac(frame) == one.mac)
        given = (neighbour_discovery.advertised(seen.data, HOST_IP6) for seen in heard)
        return [mac for mac in given if mac]

    for one in peers.all:
        peers.send([neighbour_discovery.solicitation(one.mac, ip6(one), HOST_IP6)])
        eventually(partial(told, one), ASKED_S, what=f"{ip6(one)} gets its answer")
    assert {mac for one in peers.all for mac in told(one)} == {bond.host.mac(bond.name)}
    wire.mark()
    peers.send([neighbour_discovery.empty(told(one)[-1], one.mac, ip6(one), HOST_IP6) for one in peers.all])
    eventually(
        lambda: wire.arrivals(neighbour_discovery.is_empty),
        ASKED_S,
        until=lambda seen: seen == {bond.status().active: len(peers.all)},
        what="all arrive by the active slave",
    )
    assert nic_of(bond, *FOUR)[bond.host.mac(bond.name)] == bond.status().active


@behaviour("2.mode.balance-alb.needs-live-mac-change")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_driver_must_take_addresses_while_up(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the driver of eth1 refuses another address while the NIC is up; enslave it to a bond that has
    eth0; the same in balance-tlb, which does not need that.

    Verify: balance-alb refuses it with the missing ability as the reason; it keeps its own address, is down
    and no slave, sends nothing, and the bond works on. balance-tlb takes it.
    """
    shim = FaultShim(driver, bed)
    own = bed.host("host").mac("eth1")
    bond = bonded("balance-alb", miimon=100)
    shim.refuse_address("eth1")  # which the shim remembers
    bond.release("eth1")
    with pytest.raises(DriverRefused, match=r"address.* while .*(up|open)"):
        bond.enslave("eth1")
    assert bond.host.mac("eth1") == own
    assert bond.status().slave_names == ("eth0",)
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.3)
    assert out.report().lost == back.report().lost == 0
    assert set(wire.shares(bool)) == {"eth0"}
    bond.delete()
    bond = bonded("balance-tlb", miimon=100)
    shim.refuse_address("eth1")
    bond.release("eth1")
    bond.enslave("eth1")
    assert bond.status().slave_names == ("eth0", "eth1")
