"""Today's drivers: balance-alb balances the ARP requests of the host, too."""

from __future__ import annotations

from collections.abc import Callable

from lab import frames
from lab.cases import HOST_IP, Bonding, Capture, Testbed, differs, eventually, needs, send_frames
from testcases.neighbours import Neighbours, nic_of, wait_dealt
from testcases.wire import Wire

NICS = ("eth0", "eth1", "eth2")


def asks_for(ip: str) -> Callable[[bytes], bool]:
    """Matches requests for this address."""
    return lambda frame: frames.is_arp_request(frame, ip)


@differs("11.promisc.alb-active-is-primary")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_a_request_leaves_by_the_slave_of_the_peer_it_asks_for(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: three peers ask for the bond's address, and are told a slave each; then it asks for theirs.

    Verify: each request leaves by the slave that its peer was told, with that one's address as the Ethernet
    source; ARP itself gives the bond's.
    """
    bond = bonded("balance-alb", slaves=3, miimon=100)
    wait_dealt(wire, NICS)
    peers = Neighbours(bed, capture, 3)
    peers.resolve()
    nics, mac = nic_of(bond, *NICS), bond.host.mac(bond.name)
    told = {one.ip: slave for one, slave in peers.cache().items()}
    assert {nics[slave] for slave in told.values()} == set(NICS)
    wire.mark()
    send_frames(bond.host, bond.name, [frames.arp_request(mac, HOST_IP, ip) for ip in told])
    eventually(
        lambda: len(wire.order(frames.is_arp_request)),
        within=1.0,
        until=lambda sent: sent == 3,
        what="all leave",
    )
    for ip, slave in told.items():
        assert set(wire.shares(asks_for(ip))) == {nics[slave]}
        (request,) = wire.left_by(nics[slave], asks_for(ip))
        assert frames.src_mac(request.data) == slave
        packet = frames.arp(request.data)
        assert packet is not None
        assert packet.sender_mac == mac
