"""balance-rr over links of unequal delay: frames out of order, and what becomes of TCP and UDP.

TCP here is the kernel's of the host under test. A present one finds losses by time (RACK), with selective
acknowledgements, and learns how much reordering there is. The HOWTO's counted duplicate acknowledgements:
without SACK, and with the most that it may learn (tcp_max_reordering) held at the threshold, so does today's.
The peer has one NIC: a bond of its own would stripe, and reorder, the acknowledgements, too.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from lab.cases import PEER_IP, Bonding, Capture, StreamMaker, Testbed, behaviour, needs
from lab.drivers.base import BondHandle
from lab.faults import Bandwidth, UnequalDelays
from lab.hosts.base import Host
from testcases.section_12_high_availability.bulk import Transfer, transfer
from testcases.wire import Wire

SLAVES = 4
NICS = tuple(f"eth{number}" for number in range(SLAVES))
STEP_MS = 2.0
"""By how much each cable is longer than the next: eth3's has no delay, eth0's the longest."""
BULK = "2M"
NOISE = 0.1
"""Of the retransmits with the lowest threshold: no difference."""


def unequal(bed: Testbed) -> UnequalDelays:
    """The cables of the slaves, the first one the longest."""
    return UnequalDelays(bed, [bed.slave_cable(number) for number in reversed(range(SLAVES))], STEP_MS)


def is_tcp_data(frame: bytes) -> bool:
    """Whether it is a segment of TCP longer than an acknowledgement."""
    return len(frame) > 200 and frame[23] == 6


def send_segments(bond: BondHandle) -> None:
    """Have the bond get segments as they are on a wire, not 64 KiB at a time."""
    bond.host.run(["ethtool", "-K", bond.name, "tso", "off", "gso", "off"])


def bulk_with(
    bed: Testbed, reordering: int, *options: str, sack: int = 0, learned: int | None = None
) -> Transfer:
    """A transfer by a TCP that takes so many duplicate acknowledgements for a loss.

    It learns to take up to `learned` of them, nothing by default. `options` are those of iperf3's client.
    """
    settings = {
        "tcp_sack": str(sack),
        "tcp_congestion_control": "reno",
        "tcp_no_metrics_save": "1",
        "tcp_reordering": str(reordering),
        "tcp_max_reordering": str(learned or reordering),
    }
    host = bed.host("host")
    # Put back at the end: a guest's kernel outlives the case.
    before = {name: host.run(["sysctl", "-n", f"net.ipv4.{name}"]).stdout.strip() for name in settings}
    try:
        set_tcp(host, settings)
        return transfer(host, bed.host("peer"), PEER_IP, "--bytes", BULK, *options)
    finally:
        set_tcp(host, before)


def set_tcp(host: Host, settings: Mapping[str, str]) -> None:
    """Write these settings; tcp_max_reordering, which is never below tcp_reordering, comes last."""
    words = [f"net.ipv4.{name}={value}" for name, value in settings.items()]
    host.run(["sysctl", "-w", "net.ipv4.tcp_max_reordering=1000", *words])


def dropped(bed: Testbed, capture: Capture, since_s: float) -> int:
    """Segments of TCP that left the host under test and did not reach its peer."""
    capture.settle()
    there = [end for cable in bed.cables_of("peer") for end in (cable.a, cable.b)]
    sent = [capture.frames(end, True, since_s, is_tcp_data) for end in bed.topology.slaves]
    came = [
        capture.frames(end, False, since_s, is_tcp_data)
        for end in there
        if end.node == bed.topology.role("peer")
    ]
    return sum(map(len, sent)) - sum(map(len, came))


@behaviour("12.1.1.rr.out-of-order")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_striping_reorders(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: balance-rr over four cables, each 2 ms longer than the next; a frame each millisecond. Then the
    same with the longest cable alone.

    Verify: frames overtake each other, and none is lost; with one slave none overtakes another.
    """
    bond = bonded("balance-rr", slaves=SLAVES, miimon=100)
    with unequal(bed):
        with stream("out", rate_pps=1000) as striped:
            striped.run(0.5)
        report = striped.report()
        assert report.reordered > report.sent / 10
        assert report.lost == 0
        for nic in NICS[1:]:
            bond.release(nic)
        with stream("out", rate_pps=1000) as single:
            single.wait_flowing()
            single.run(0.5)
        assert single.report().reordered == 0
        assert single.report().received > 400


@behaviour("12.1.1.rr.tcp-retransmits")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_reordering_makes_tcp_retransmit(bed: Testbed, bonded: Bonding, capture: Capture) -> None:
    """Steps: four cables, tcp_reordering=3, a TCP transfer; the same with each cable 2 ms longer than the
    next.

    Verify: over equal cables next to nothing is sent again; over unequal ones much is, though every segment
    that left the host reached the peer.
    """
    send_segments(bonded("balance-rr", slaves=SLAVES, miimon=100))
    even = bulk_with(bed, reordering=3)
    with unequal(bed):
        since_s = capture.mark()
        uneven = bulk_with(bed, reordering=3)
        assert dropped(bed, capture, since_s) == 0
    assert uneven.retransmits > 10 + 5 * even.retransmits


@behaviour("12.1.1.rr.tcp-reordering-raise")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_a_higher_threshold_stops_the_retransmits(bed: Testbed, bonded: Bonding) -> None:
    """Steps: four cables, each 2 ms longer than the next; TCP transfers with tcp_reordering 3, 127, 1000, at
    50 Mbit/s: at that pace dozens of segments overtake one, not hundreds.

    Verify: with 127 less than half is sent again of what is with 3; 1000 brings no more than noise.
    """
    send_segments(bonded("balance-rr", slaves=SLAVES, miimon=100))
    paced = ("--bitrate", "50M", "--length", "8K")
    with unequal(bed):
        again = {threshold: bulk_with(bed, threshold, *paced).retransmits for threshold in (3, 127, 1000)}
    assert again[127] < again[3] / 2, again
    assert again[127] - again[1000] < NOISE * again[3], again


@behaviour("12.1.1.rr.four-links-give-2.3")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_four_links_give_a_connection_more_than_one(
    bed: Testbed, bonded: Bonding, wire: Wire, record_property: Callable[[str, object], None]
) -> None:
    """Steps: four cables of 20 Mbit/s and of unequal delay, tcp_reordering=127; five TCP transfers, otherwise
    as the kernel does them (with Reno's congestion control, as then).

    Verify: the median goodput is above that of one cable; its ratio is in the report, to be compared with
    the HOWTO's 2.3. All four slaves carry it.
    """
    rate = 20.0
    send_segments(bonded("balance-rr", slaves=SLAVES, miimon=100))
    with ExitStack() as slow:
        for number in range(SLAVES):
            slow.enter_context(Bandwidth(bed, bed.slave_cable(number), rate))
        slow.enter_context(unequal(bed))
        wire.mark()
        goodput = statistics.median(bulk_with(bed, 127, sack=1, learned=300).mbit for _ in range(5))
    record_property("cables that one connection fills", f"{goodput / rate:.2f}")
    assert rate < goodput < SLAVES * rate
    assert set(wire.shares(is_tcp_data)) == set(NICS)


@behaviour("12.1.1.rr.udp-scales")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_datagrams_scale_with_the_links(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: four cables of 5 Mbit/s and of unequal delay; datagrams offered at half more than the rate of
    all slaves together, with four, three, two slaves and one. (At that rate itself a sender that is late for
    a moment, on a busy machine, would be seen, not the cables.)

    Verify: they arrive at the rate of all slaves together, within a tenth.
    """
    rate, size = 5.0, 1250
    bond = bonded("balance-rr", slaves=SLAVES, miimon=100)
    with ExitStack() as slow:
        for number in range(SLAVES):
            slow.enter_context(Bandwidth(bed, bed.slave_cable(number), rate))
        slow.enter_context(unequal(bed))
        for slaves in range(SLAVES, 0, -1):
            offered = 1.5 * slaves * rate
            with stream("out", rate_pps=offered * 1e6 / 8 / size, size=size) as datagrams:
                datagrams.run(0.5)
            datagrams.report()
            frames_s = steady_rate([arrival.at_s for arrival in datagrams.receiver.arrivals])
            assert 0.9 * slaves * rate <= frames_s * size * 8 / 1e6 <= 1.1 * slaves * rate
            bond.release(NICS[slaves - 1])


def steady_rate(arrivals: Sequence[float], begin_s: float = 0.1, end_s: float = 0.5) -> float:
    """Arrivals a second: the median of windows of 50 ms from `begin_s` to `end_s` after the first one.

    What the cables let pass at once, after a pause, is over by then.
    """
    window_s = 0.05
    counts = Counter(int((at_s - min(arrivals)) / window_s) for at_s in arrivals)
    windows = range(round(begin_s / window_s), round(end_s / window_s))
    return statistics.median(counts[number] for number in windows) / window_s
