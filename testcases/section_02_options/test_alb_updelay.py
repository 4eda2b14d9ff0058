"""updelay and the forwarding delay of a switch in mode balance-alb (HOWTO section 2, `mode`)."""

from __future__ import annotations

import time
from collections import Counter

from lab import frames
from lab.cases import Bonding, Capture, Testbed, behaviour, eventually, needs
from lab.faults import CablePull, ForwardingDelay
from testcases.bounds import detection, seconds
from testcases.neighbours import DEAL_S, Neighbours, nic_of, wait_dealt
from testcases.outages import LATE_POLL
from testcases.slaves import cable_of, link_goes, link_is
from testcases.wire import Wire

BOTH = ("eth0", "eth1")


@behaviour("2.mode.balance-alb.updelay-covers-forwarding-delay")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_updelay_covers_the_forwarding_delay(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: four peers; eth1 fails and recovers behind a switch that forwards 1.5 s later; updelay=1600.

    Verify: meanwhile all peers reach eth0; eth1 rejoins after updelay and sends no ARP before the switch
    forwards; its updates reach two peers, whose frames arrive on it.
    """
    bond = bonded("balance-alb", miimon=100, updelay=1600)
    wait_dealt(wire, BOTH)
    peers = Neighbours(bed, capture, 4)
    peers.resolve()
    cable = cable_of(bed, "eth1")
    with ForwardingDelay(bed, cable, 1500) as switch:
        with CablePull(bed, cable):
            link_goes(bond, "eth1", "down")
            only_eth0 = {bond.host.mac("eth0")}
            eventually(lambda: set(peers.cache().values()) == only_eth0, within=DEAL_S)
        plugged_s = wire.mark()
        assert peers.arrivals(wire) == {one: {"eth0"} for one in peers.all}
        eventually(link_is(bond, "eth1", "up"), within=seconds(detection(100 + 1600)))
        assert time.monotonic() - plugged_s >= seconds(1600 - LATE_POLL)
        nics = nic_of(bond, *BOTH)
        shares = {"eth0": 2, "eth1": 2}
        eventually(lambda: Counter(nics[mac] for mac in peers.cache().values()) == shares, within=DEAL_S)
        assert all(seen.at_s > switch.forwarding_at[-1] for seen in wire.left_by("eth1", frames.is_arp_reply))
        assert peers.arrivals(wire) == {one: {nics[mac]} for one, mac in peers.cache().items()}


@behaviour("2.mode.balance-alb.updelay-too-short")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_without_updelay_the_switch_swallows_updates(
    bed: Testbed, capture: Capture, bonded: Bonding, wire: Wire
) -> None:
    """Steps: four peers; eth1 fails and recovers behind a switch that forwards 4 s later; updelay=0.

    Verify: eth1 is up at once, and sends ARP updates before the switch forwards; none of those, and nothing
    else from eth1, reaches the switch.
    """
    bond = bonded("balance-alb", miimon=100)
    wait_dealt(wire, BOTH)
    peers = Neighbours(bed, capture, 4)
    peers.resolve()
    cable = cable_of(bed, "eth1")
    far_end = next(end for end in (cable.a, cable.b) if end.node != bond.host.name)
    with ForwardingDelay(bed, cable, 4000) as switch:
        with CablePull(bed, cable):
            link_goes(bond, "eth1", "down")
            only_eth0 = {bond.host.mac("eth0")}
            eventually(lambda: set(peers.cache().values()) == only_eth0, within=DEAL_S)
        wire.mark()
        link_goes(bond, "eth1", "up")
        eventually(lambda: wire.left_by("eth1", frames.is_arp_reply), within=4.0, what="updates leave")
        assert not switch.forwarding_at
        assert not capture.frames(far_end, False, wire.since_s)
