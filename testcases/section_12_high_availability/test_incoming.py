"""What the adaptive modes make of incoming traffic (HOWTO section 12.1.1)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lab.cases import Bonding, Capture, StreamMaker, Testbed, behaviour, needs
from testcases.neighbours import NOWHERE_IP, Neighbours, wait_dealt
from testcases.wire import Wire

R = 4.0
"""Mbit/s of each cable of the host."""
SIZE = 1400
PEERS, SLAVES = 8, 4
MEASURED_S = 1.5
FULL = 0.9
"""Share of the rate at which all peers together are sure to fill a cable."""


@behaviour("12.1.1.alb.balances-incoming")
@pytest.mark.parametrize(("mode", "least", "most"), [("balance-alb", 2.0, 4.0), ("balance-tlb", FULL, 1.0)])
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_incoming_traffic_is_balanced_by_alb_only(
    mode: str,
    least: float,
    most: float,
    bed: Testbed,
    capture: Capture,
    bonded: Bonding,
    stream: StreamMaker,
    wire: Wire,
) -> None:
    """Steps: four cables of rate R; eight peers, which ask for the bond's address first, send to what they
    were told, half of R each.

    Verify: in balance-alb more than 2 R gets through to the host, in balance-tlb no more than R.
    """
    bond = bonded(mode, slaves=SLAVES, miimon=100)
    wait_dealt(wire, bond.host.nics[:SLAVES])
    peers = Neighbours(bed, capture, PEERS)
    peers.resolve()
    for number in range(SLAVES):
        bed.slave_cable(number).limit(R)
    pps = R / 2 * 1e6 / (8 * SIZE)
    with ExitStack() as running:
        flows = [
            running.enter_context(
                stream("in", dst_mac=mac, src_mac=one.mac, dst_ip=NOWHERE_IP, rate_pps=pps, size=SIZE)
            )
            for one, mac in peers.cache().items()
        ]
        flows[0].run(0.5)  # what a cable lets through at once, being idle, is through
        begin = wire.mark()
        flows[0].run(MEASURED_S)
        arrived = [seen for nic in wire.arrivals() for seen in wire.reached(nic)]
        lasted_s = wire.mark() - begin
    mbit = sum(seen.length for seen in arrived) * 8 / 1e6 / lasted_s
    assert least * R < mbit <= most * R * 1.05, f"{mbit:.1f} Mbit/s over cables of {R:g}"
