"""Mode balance-alb: peers are told by ARP which slave to send to (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

from lab import frames
from lab.cases import (
    HOST_IP,
    BondDriver,
    Bonding,
    Capture,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    send_frames,
)
from lab.faults import ArpLoss, CablePull
from testcases.bounds import detection, seconds
from testcases.fault_shim import FaultShim
from testcases.neighbours import DEAL_S, NOWHERE_IP, Neighbours, nic_of, wait_dealt
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

FOUR = ("eth0", "eth1", "eth2", "eth3")
UPDATE_S = 5.0
"""From an ARP request of the host to the updates of its peers (the catalogue's; drivers wait 2 s)."""


@behaviour(
    "2.mode.balance-alb.peers-differ",
    "2.mode.balance-alb.rx-round-robin",
    "2.mode.balance-alb.by-arp-negotiation",
    "2.mode.balance-alb.reply-rewritten",
)
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_each_peer_is_told_a_slave(
    bed: Testbed, capture: Capture, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eight peers ask for the bond's address one after the other, then send to what they were told.

    Verify: each answer leaves by the slave whose address it gives, in the frame's header, too; the slaves are
    given out in rotation, twice each; each peer's frames arrive on its slave and reach the host, once.
    """
    bond = bonded("balance-alb", slaves=4, miimon=100)
    wait_dealt(wire, FOUR)
    peers = Neighbours(bed, capture)
    wire.mark()
    peers.resolve()
    nics = nic_of(bond, *FOUR)
    assert len(nics) == 4
    for mac, nic in nics.items():
        replies = wire.left_by(nic, frames.is_arp_reply)
        assert [frames.src_mac(seen.data) for seen in replies] == [mac] * len(replies)
        assert {packet.sender_mac for seen in replies if (packet := frames.arp(seen.data))} == {mac}
    dealt = [nics[mac] for mac in peers.cache().values()]
    assert dealt[:4] == dealt[4:]
    assert set(dealt) == set(FOUR)
    assert peers.arrivals(wire) == {one: {nic} for one, nic in zip(peers.all, dealt, strict=True)}
    with ExitStack() as running:
        flows = [
            running.enter_context(stream("in", dst_mac=mac, src_mac=one.mac, dst_ip=NOWHERE_IP, rate_pps=50))
            for one, mac in peers.cache().items()
        ]
        flows[-1].run(0.5)
    assert {(flow.report().lost, flow.report().duplicates) for flow in flows} == {(0, 0)}


@behaviour("2.mode.balance-alb.rx-highest-speed-only", "2.mode.balance-alb.needs-ethtool-speed")
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_only_the_fastest_slaves_receive(
    bed: Testbed, driver: BondDriver, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: of four slaves two are at 10000 Mbit/s; of the others one is enslaved anew at 100, one with a
    driver that does not tell its speed. Eight peers ask for the bond's address.

    Verify: the log warns of the one that does not tell; only the addresses of the fast two are given out.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("balance-alb", slaves=4, miimon=100)
    for nic, answer in (("eth2", "100/full"), ("eth3", "fail")):
        shim.speed(nic, answer)
        bond.release(nic)
        bond.enslave(nic)
        link_goes(bond, nic, "up")
    assert any("eth3" in line and "speed" in line for line in bond.log().splitlines())
    wait_dealt(wire, FOUR)
    peers = Neighbours(bed, capture)
    peers.resolve()
    nics = nic_of(bond, *FOUR)
    assert Counter(nics[mac] for mac in peers.cache().values()) == {"eth0": 4, "eth1": 4}


@behaviour(
    "2.mode.balance-alb.request-uses-bond-mac",
    "2.mode.balance-alb.request-collapses-balance",
    "2.mode.balance-alb.updates-restore-balance",
    "2.mode.balance-alb.outgoing-arp-recorded",
)
@needs(slaves=4, meeting=True, switch=True, roles=("peer_link",), once=True)
def test_a_request_undoes_the_balance_until_the_updates(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: eight peers have been told a slave, in turn; the host asks for a ninth, which answers. At first
    ARP replies do not reach the peers.

    Verify: the request gives the bond's address, and every peer's frames arrive on the active slave. Then
    each peer that was misled gets a unicast reply with its former address; so does the ninth, with a slave's;
    all arrive on those.
    """
    bond = bonded("balance-alb", slaves=4, miimon=100)
    wait_dealt(wire, FOUR)
    peers, ninth = Neighbours(bed, capture), Neighbours(bed, capture, 9).all[8]
    peers.resolve()
    former, bond_mac = peers.cache(), bond.host.mac(bond.name)
    wire.mark()
    with ArpLoss(bed, bed.cable("peer_link"), "reply", from_node="switch_a"):
        send_frames(bond.host, bond.name, [frames.arp_request(bond_mac, HOST_IP, ninth.ip)])
        eventually(lambda: wire.shares(lambda frame: frames.is_arp_request(frame, ninth.ip)), within=1.0)
        eventually(lambda: set(peers.cache().values()) == {bond_mac}, within=1.0)
        active = bond.status().active
        assert active == nic_of(bond, *FOUR)[bond_mac]
        assert peers.arrivals(wire) == {one: {active} for one in peers.all}
    assert peers.told(ninth)[-1] == bond_mac
    answer = frames.arp_packet(frames.ARP_REPLY, (ninth.mac, ninth.ip), (bond_mac, HOST_IP), dst=bond_mac)
    since_s = wire.mark()
    peers.send([answer])
    eventually(lambda: peers.cache() == former, within=UPDATE_S, what="each peer has its former address")
    eventually(lambda: peers.told(ninth, since_s), within=UPDATE_S, what="the ninth is told a slave")
    nics = nic_of(bond, *FOUR)
    assert peers.told(ninth, since_s)[-1] in nics
    updates = [seen.data for nic in FOUR for seen in wire.left_by(nic, frames.is_arp_reply)]
    assert frames.BROADCAST not in {frames.dst_mac(frame) for frame in updates}
    assert peers.arrivals(wire) == {one: {nics[mac]} for one, mac in former.items()}


@behaviour("2.mode.balance-alb.rebalance-on-new-slave", "2.mode.balance-alb.rebalance-on-reactivation")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_peers_move_to_a_slave_that_joins_or_recovers(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: eight peers on two slaves; a third joins, fails, and recovers.

    Verify: peers get ARP replies: after it has joined and after it has recovered some send to it, and the
    slaves' shares differ by one peer at most; while it is down nobody does. Frames arrive accordingly.
    """
    bond = bonded("balance-alb", miimon=100)
    wait_dealt(wire, FOUR[:2])
    peers = Neighbours(bed, capture)
    peers.resolve()

    def shares() -> Counter[str]:
        nics = nic_of(bond, *FOUR[:3])
        return Counter(nics.get(mac, "none") for mac in peers.cache().values())

    def all_three() -> bool:
        return sorted(shares().values()) == [2, 3, 3] and set(shares()) == set(FOUR[:3])

    assert shares() == {"eth0": 4, "eth1": 4}
    bond.enslave("eth2")
    eventually(all_three, within=DEAL_S, what="the slave that joined has its share")
    assert [nic for nics in peers.arrivals(wire).values() for nic in nics].count("eth2") == shares()["eth2"]
    with CablePull(bed, cable_of(bed, "eth2")):
        link_goes(bond, "eth2", "down")
        eventually(lambda: "eth2" not in shares(), within=DEAL_S, what="its peers send elsewhere")
        assert all(nics <= {"eth0", "eth1"} for nics in peers.arrivals(wire).values())
    eventually(all_three, within=seconds(detection()) + DEAL_S, what="the slave that recovered has its share")
    assert [nic for nics in peers.arrivals(wire).values() for nic in nics].count("eth2") == shares()["eth2"]


@behaviour("11.promisc.alb-active-is-primary")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_what_is_not_balanced_leaves_by_the_active_slave(
    bed: Testbed, capture: Capture, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the host asks for three addresses by ARP, and broadcasts; then three peers ask for its own.

    Verify: requests and broadcasts leave by the active slave; the answers to the peers, which are assigned
    with that, by all three.
    """
    bond = bonded("balance-alb", slaves=3, miimon=100)
    wait_dealt(wire, FOUR[:3])
    wire.mark()
    mac = bond.host.mac(bond.name)
    send_frames(
        bond.host, bond.name, [frames.arp_request(mac, HOST_IP, f"10.0.0.{60 + n}") for n in range(3)]
    )
    eventually(
        lambda: len(wire.order(frames.is_arp_request)),
        within=1.0,
        until=lambda count: count == 3,
        what="they leave",
    )
    with stream("out", dst_mac=frames.BROADCAST, dst_ip="10.0.0.255") as out:
        out.wait_sent(50)
    assert out.report().lost == 0
    assert set(wire.shares(frames.is_arp_request)) == set(wire.shares()) == {bond.status().active}
    Neighbours(bed, capture, 3).resolve()
    assert set(wire.shares(frames.is_arp_reply)) == set(FOUR[:3])
