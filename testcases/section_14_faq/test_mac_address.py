"""Which hardware address a bond has (HOWTO section 14, question 8)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.bonding import wait_up
from lab.cases import (
    HOST_IP,
    BondDriver,
    BondHandle,
    Bonding,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
)
from lab.hosts.base import Host
from testcases.bounds import LACP_JOIN, seconds
from testcases.bursts import carried, numbered, peers_like
from testcases.lacpdus import carrying
from testcases.modes import ADAPTIVE, EVERY, MODES
from testcases.neighbours import wait_dealt
from testcases.wire import Wire

BY_HAND = "00:11:22:33:44:55"


def empty_bond(bed: Testbed, driver: BondDriver, mode: str) -> BondHandle:
    """A bond that is up and has no slaves yet; the NICs of its host are down."""
    host = bed.host("host")
    for nic in host.nics:
        host.run(["ip", "link", "set", "dev", nic, "down"])
    bond = driver.create(host, "bond0", {"mode": mode, "miimon": "100"})
    bond.set_up(True)
    return bond


def set_address(host: Host, interface: str, mac: str) -> None:
    """As `ifconfig INTERFACE hw ether MAC`."""
    host.run(["ip", "link", "set", "dev", interface, "address", mac])


def macs(bond: BondHandle, *nics: str) -> list[str]:
    """Addresses of the bond and of these NICs of its host."""
    return [bond.host.mac(name) for name in (bond.name, *nics)]


@behaviour("14.8.mac.from-first-slave")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, once=True)
def test_the_bond_has_the_address_of_its_first_slave(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: enslave eth1, then add a VLAN, then enslave eth0.

    Verify: the bond has eth1's address as soon as that is enslaved, and keeps it; the VLAN has it, too, and
    eth0 takes it but in the adaptive modes.
    """
    bond = empty_bond(bed, driver, mode)
    first, other = bond.host.mac("eth1"), bond.host.mac("eth0")
    bond.enslave("eth1")
    assert macs(bond, "eth1") == [first, first]
    device = bond.add_vlan(100)
    assert bond.host.mac(device) == first
    bond.enslave("eth0")
    assert macs(bond, "eth1", "eth0") == [first, first, other if mode in ADAPTIVE else first]
    assert bond.host.mac(device) == first


@behaviour("14.8.mac.survives-first-slave-removal")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_the_address_outlives_the_first_slave(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eth1 is the first slave, eth0 the second; detach eth1 under traffic.

    Verify: bond and eth0 keep eth1's address, with which frames go on leaving by eth0; the log warns that
    eth1 has it as well.
    """
    first = bed.host("host").mac("eth1")
    bond = bonded(mode, slaves=("eth1", "eth0"), miimon=100)
    with stream("out") as out:
        out.wait_flowing()
        bond.release("eth1")
        wire.mark()
        out.wait_flowing()
        assert {frames.src_mac(seen.data) for seen in wire.left_by("eth0")} == {first}
    assert macs(bond, "eth0", "eth1") == [first, first, first]
    assert any(first in line and "still in use" in line for line in bond.log().splitlines())


@behaviour("14.8.mac.until-down-or-reconfigured")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, once=True)
def test_the_address_changes_when_all_slaves_are_changed(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: eth1 is the first slave; bond down; detach both; bond up; enslave eth0 first.

    Verify: going down alone keeps the address; afterwards it is eth0's, for bond and both slaves.
    """
    old, new = (bed.host("host").mac(nic) for nic in ("eth1", "eth0"))
    bond = bonded(mode, slaves=("eth1", "eth0"), miimon=100)
    bond.set_up(False)
    assert macs(bond) == [old]
    bond.release("eth1")
    bond.release("eth0")
    bond.set_up(True)
    bond.enslave("eth0")
    assert macs(bond) == [new]
    bond.enslave("eth1")
    assert macs(bond, "eth0", "eth1") == [new, new, new]


@behaviour("14.8.mac.set-explicitly")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True)
def test_the_address_can_be_set_by_hand(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: give the bond another address while it is up; the peer forgets the old one.

    Verify: bond and slaves have it; ping by the peer is answered; every frame leaves with it.
    """
    bond = bonded(mode, miimon=100)
    peer = bed.host("peer")
    set_address(bond.host, bond.name, BY_HAND)
    eventually(lambda: macs(bond, "eth0", "eth1"), within=1.0, until=lambda now: now == [BY_HAND] * 3)
    wire.mark()
    peer.run(["ip", "neighbour", "flush", "all"])
    ping = ["ping", "-c", "3", "-i", "0.25", "-W", "1", HOST_IP]
    assert "3 packets transmitted, 3 received" in peer.run(ping).stdout
    with stream("out") as out, stream("in") as back:
        out.run(0.2)
    assert out.report().lost == back.report().lost == 0
    assert {frames.src_mac(seen.data) for nic in wire.shares() for seen in wire.left_by(nic, bool)} == {
        BY_HAND
    }


@behaviour("14.8.mac.set-explicitly")
@needs(slaves=2, switch=False)
def test_the_address_of_an_aggregate_can_be_set_by_hand(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: in 802.3ad give the bond another address while it is up; the peer forgets the old one.

    Verify: bond and slaves have it; ping by the peer is answered; all but LACPDUs leave with it; both links
    are agreed upon, and carry. (Whether LACP names its system anew is up to the driver: today's does not.)
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast")
    set_address(bond.host, bond.name, BY_HAND)
    eventually(lambda: macs(bond, "eth0", "eth1"), within=1.0, until=lambda now: now == [BY_HAND] * 3)
    wire.mark()
    eventually(carrying(wire, ["eth0", "eth1"]), within=seconds(LACP_JOIN))
    bed.host("peer").run(["ip", "neighbour", "flush", "all"])
    ping = ["ping", "-c", "3", "-i", "0.25", "-W", "1", HOST_IP]
    assert "3 packets transmitted, 3 received" in bed.host("peer").run(ping).stdout
    with stream("in") as back:
        burst = carried(wire, bond, numbered(bond, peers_like(BY_HAND), 160))
    assert back.report().lost == 0
    assert set(burst) == {"eth0", "eth1"}
    others = (seen for nic in burst for seen in wire.left_by(nic, lambda frame: not frames.is_lacpdu(frame)))
    assert {frames.src_mac(seen.data) for seen in others} == {BY_HAND}


@behaviour("14.8.mac.set-explicitly-tlb-alb")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_an_address_set_by_hand_is_for_the_active_slave(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: in the adaptive modes give the bond another address; once the switch has learned that, traffic
    both ways.

    Verify: the bond and its active slave have it, the others keep their own; frames to the bond arrive on the
    active slave, and each slave sends with its own address.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    _, _, *others = macs(bond, "eth0", "eth1", "eth2")
    assert bond.status().active == "eth0"
    set_address(bond.host, bond.name, BY_HAND)
    wanted = [BY_HAND, BY_HAND, *others]
    eventually(lambda: macs(bond, "eth0", "eth1", "eth2"), within=1.0, until=lambda now: now == wanted)
    wait_dealt(wire, ["eth0", "eth1", "eth2"])
    with stream("in") as back:
        back.wait_flowing()  # from now on the switch knows the peer, too
        wire.mark()
        with stream("out") as out:
            out.run(0.2)
    assert out.report().lost == back.report().lost == 0
    assert set(wire.arrivals()) == {"eth0"}
    for nic in wire.shares(bool):
        assert {frames.src_mac(seen.data) for seen in wire.left_by(nic, bool)} == {bond.host.mac(nic)}


@behaviour("14.8.mac.explicit-wins-over-first-slave")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, once=True)
def test_an_address_set_before_stays(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: give a bond without slaves an address; enslave eth0 and eth1.

    Verify: the bond keeps it, and both slaves take it.
    """
    bond = empty_bond(bed, driver, mode)
    set_address(bond.host, bond.name, BY_HAND)
    bond.enslave("eth0")
    assert macs(bond, "eth0") == [BY_HAND] * 2
    bond.enslave("eth1")
    assert macs(bond, "eth0", "eth1") == [BY_HAND] * 3


@behaviour("14.8.mac.change-by-reordering")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, once=True)
def test_another_order_of_slaves_gives_another_address(
    mode: str, bed: Testbed, bonded: Bonding, driver: BondDriver
) -> None:
    """Steps: a bond of eth0 and eth1; down, removed, made anew, up, eth1 enslaved first.

    Verify: it had eth0's address, and now has eth1's.
    """
    first, second = (bed.host("host").mac(nic) for nic in ("eth0", "eth1"))
    bond = bonded(mode, miimon=100)
    assert macs(bond) == [first]
    bond.set_up(False)
    bond.delete()
    bond = empty_bond(bed, driver, mode)
    for nic in ("eth1", "eth0"):
        bond.enslave(nic)
    wait_up(bond)
    assert macs(bond, "eth0", "eth1") == [second] * 3


@behaviour("14.8.mac.restored-on-detach")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, once=True)
def test_a_detached_slave_has_its_own_address_again(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: eth1 has an address set by hand, not its factory's; enslave eth0 and eth1; detach both.

    Verify: both had the bond's; each has again what it had before.
    """
    bond = empty_bond(bed, driver, mode)
    set_address(bond.host, "eth1", BY_HAND)
    own = {nic: bond.host.mac(nic) for nic in ("eth0", "eth1")}
    for nic in own:
        bond.enslave(nic)
    assert macs(bond, *own) == [own["eth0"]] * 3
    for nic in ("eth1", "eth0"):
        bond.release(nic)
        assert bond.host.mac(nic) == own[nic]
