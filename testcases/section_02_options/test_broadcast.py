"""Mode broadcast: every frame on every slave (HOWTO section 2, `mode`).

Here on a trunk group or back to back; the HOWTO's own picture for this mode is two separate switches.
"""

from __future__ import annotations

import math
import time

from lab.cases import Bonding, StreamMaker, Testbed, Topology, behaviour, needs
from lab.faults import CablePull
from testcases.bursts import carried, number_of, numbered
from testcases.outages import lost_between
from testcases.slaves import link_goes
from testcases.wire import Wire


@behaviour("2.mode.broadcast.all-slaves")
@needs(slaves=2)
def test_every_slave_carries_every_frame(
    bed: Testbed, topology: Topology, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: send 100 numbered frames, and a stream to the peer.

    Verify: each port carries all 100, byte for byte the same and in order; the peer gets every frame.
    """
    nics = [port.name for port in topology.slaves]
    bond = bonded("broadcast", slaves=len(nics), miimon=100)
    burst = numbered(bond, [bed.host("peer").mac(bonded.peer_interface)], 100)
    assert carried(wire, bond, burst, copies=len(nics)) == dict.fromkeys(nics, burst)
    with stream("out") as out:
        out.wait_flowing()
        begun_s = time.monotonic()
        out.run(0.2)
    assert lost_between(out.report(), begun_s, math.inf) == 0


@behaviour("2.mode.broadcast.fault-tolerance")
@needs(slaves=2)
def test_nothing_is_lost_with_a_slave(bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: pull one of two cables under traffic.

    Verify: no frame is lost, not even before the failure is detected; the other slave carries every one.
    """
    bond = bonded("broadcast", miimon=100)
    with stream("out") as out:
        out.wait_flowing()
        begun_s = time.monotonic()
        with CablePull(bed, bed.slave_cable(1)):
            link_goes(bond, "eth1", "down")
            out.run(0.2)
            report = out.report()
    assert lost_between(report, begun_s, math.inf) == 0
    assert [number_of(seen.data) for seen in wire.left_by("eth0")] == list(range(report.sent))
