"""Cables that are long, uneven or slow, as measured on the wire."""

from __future__ import annotations

import select
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise

import pytest

from lab.cables import PatchCable
from lab.capture import Capture
from lab.errors import LabBroken, LabError
from lab.faults import Bandwidth, Blackhole, CablePull, Delay, Fault, UnequalDelays
from lab.testbed import Testbed
from lab.waiting import eventually, sleep_until
from tests.lab.frames_on import arp, deliver, ear, heard, number_of, probe, send

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 100


def numbers(capture: Capture, cables: Sequence[PatchCable], *, sent: bool) -> dict[int, float]:
    """When each numbered frame left the host under test, or was delivered to its peer; earliest first."""
    seen = [
        (frame.at_s, number)
        for cable in cables
        for frame in capture.frames(cable.a if sent else cable.b, sent=sent)
        if (number := number_of(frame.data)) is not None
    ]
    return {number: at_s for at_s, number in sorted(seen)}


def latencies_ms(bed: Testbed, count: int, *, pause_s: float = 0.0) -> list[float]:
    """How long each of so many frames took over the first cable, from tap to tap."""
    host, cable = bed.host("host"), bed.slave_cable(0)
    with Capture.start([cable]) as capture, host.packet_socket("eth0", 0) as out:
        begun = time.monotonic()
        for number in range(count):
            sleep_until(begun + number * pause_s)
            out.send(probe(number, SOURCE))
        eventually(
            lambda: len(numbers(capture, [cable], sent=False)), within=5, until=lambda came: came == count
        )
        left, came = (numbers(capture, [cable], sent=sent) for sent in (True, False))
    assert list(came) == list(range(count)), "a cable keeps the order"
    return [(came[number] - left[number]) * 1e3 for number in range(count)]


def test_delay(pair: Testbed) -> None:
    assert statistics.median(latencies_ms(pair, COUNT, pause_s=0.002)) < 5
    with Delay(pair, pair.slave_cable(0), 15) as fault:
        slow = latencies_ms(pair, COUNT, pause_s=0.002)
    assert min(slow) >= 15
    assert statistics.median(slow) < 20
    assert fault.passed == COUNT
    assert statistics.median(latencies_ms(pair, COUNT, pause_s=0.002)) < 5
    assert f"cable {pair.slave_cable(0).name}: 15 ms longer: healed" in pair.timeline.render()


def test_delay_one_way(pair: Testbed) -> None:
    with Delay(pair, pair.slave_cable(0), 15, from_node="peer"):
        assert statistics.median(latencies_ms(pair, COUNT, pause_s=0.002)) < 5
    with Delay(pair, pair.slave_cable(0), 15, from_node="host"):
        assert min(latencies_ms(pair, COUNT, pause_s=0.002)) >= 15


def test_jitter(pair: Testbed) -> None:
    with Delay(pair, pair.slave_cable(0), 10, jitter_ms=10):
        # Further apart than the jitter: none has to wait for the one before it.
        times = latencies_ms(pair, 40, pause_s=0.021)
    # Even between 0 and 20 ms: none of 40 in the lowest (or highest) three tenths once in a million runs.
    assert min(times) < 6
    assert max(times) > 14
    assert statistics.median(times) < 17


def test_jitter_keeps_the_order(pair: Testbed) -> None:
    with Delay(pair, pair.slave_cable(0), 5, jitter_ms=5):
        latencies_ms(pair, 500)


def test_unequal_delays_reorder_what_is_striped(pair: Testbed) -> None:
    host, cables = pair.host("host"), [pair.slave_cable(number) for number in range(4)]

    def inversions() -> int:
        with Capture.start(cables) as capture, ExitStack() as opened:
            outs = [opened.enter_context(host.packet_socket(nic, 0)) for nic in host.nics]
            begun = time.monotonic()
            for number in range(COUNT):
                sleep_until(begun + number * 0.001)
                outs[number % 4].send(probe(number, SOURCE))
            eventually(
                lambda: len(numbers(capture, cables, sent=False)), within=5, until=lambda came: came == COUNT
            )
            order = list(numbers(capture, cables, sent=False))
        return sum(later < earlier for earlier, later in pairwise(order))

    assert inversions() == 0
    with UnequalDelays(pair, cables, step_ms=3) as fault:
        # Three of four frames arrive after some that were sent later.
        assert inversions() > COUNT / 10
    assert fault.passed == COUNT * 3 / 4
    assert inversions() == 0


def test_splicing_and_healing_lose_nothing(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)
    sent = 0
    enough = threading.Event()

    def keep_sending() -> None:
        nonlocal sent
        begun = time.monotonic()
        with host.packet_socket("eth0", 0) as out:
            while not enough.is_set():
                sleep_until(begun + sent * 0.0003)
                out.send(probe(sent, SOURCE))
                sent += 1

    thread = threading.Thread(target=keep_sending)
    with ear(peer, "eth0") as sock:
        thread.start()
        for _ in range(3):
            eventually(lambda begun=sent: sent > begun + 20, within=5)  # type: ignore[misc]
            with Delay(pair, cable, 8):
                eventually(lambda begun=sent: sent > begun + 50, within=5)  # type: ignore[misc]
        enough.set()
        thread.join()
        came = heard([sock], sent)
    assert came == Counter(range(sent))


def test_it_works_beside_other_impairments(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)
    frames = [probe(number, SOURCE) for number in range(COUNT)]
    with Delay(pair, cable, 2):
        with Blackhole(pair, cable, from_node="host") as hole:
            assert deliver((host, "eth0"), (peer, "eth0"), frames, 0).total() == 0
            assert hole.swallowed == COUNT
        with CablePull(pair, cable):
            assert not peer.interfaces.carrier("eth0")
        assert deliver((host, "eth0"), (peer, "eth0"), frames, COUNT) == Counter(range(COUNT))
        with pytest.raises(LabError, match="a delay already"), Delay(pair, cable, 1):
            pass
        assert deliver((peer, "eth0"), (host, "eth0"), frames, COUNT) == Counter(range(COUNT))


def test_tags_and_large_frames_pass(pair: Testbed) -> None:
    host, peer = pair.host("host"), pair.host("peer")
    for machine in (host, peer):
        machine.run(["ip", "link", "set", "dev", "eth0", "mtu", "9000"])
    frames = [arp(1, 1, vlan=7), probe(2, SOURCE) + bytes(8900)]
    with Capture.start([pair.slave_cable(0)]) as capture, Delay(pair, pair.slave_cable(0), 1):
        send(host, "eth0", frames)
        delivered = eventually(
            lambda: capture.frames(pair.slave_cable(0).b, sent=False), within=5, until=lambda f: len(f) == 2
        )
    assert [frame.data for frame in delivered] == [frames[0], frames[1][:2048]]
    assert delivered[1].length == len(frames[1])


def test_super_frames_pass(pair: Testbed) -> None:
    host, peer = pair.host("host"), pair.host("peer")
    for machine, address in ((host, "10.9.0.1/24"), (peer, "10.9.0.2/24")):
        machine.run(["ip", "address", "add", address, "dev", "eth1"])
    with Capture.start([pair.slave_cable(1)]) as capture, Delay(pair, pair.slave_cable(1), 1):
        server = peer.start(["iperf3", "--server", "--one-off"])
        eventually(lambda: peer.run(["ss", "-Hltn", "sport = :5201"]).stdout, within=5)
        host.run(["iperf3", "--client", "10.9.0.2", "--bytes", "10M"])
        assert eventually(server.poll, within=5, until=lambda code: code is not None) == 0
        lengths = [frame.length for frame in capture.frames(pair.slave_cable(1).b, sent=False)]
    assert sum(lengths) > 10_000_000
    assert max(lengths) > 9000


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "going"])
def test_a_line_that_died_is_told(pair: Testbed, gone: bool) -> None:
    fault = Delay(pair, pair.slave_cable(0), 1).__enter__()
    assert fault._line
    fault._line.carrier.child.kill()
    if gone:
        fault._line.carrier.child.wait()
    with pytest.raises(LabBroken, match="does not answer"):
        fault.heal()
    frames = [probe(number, SOURCE) for number in range(COUNT)]
    ends = (pair.host("host"), "eth0"), (pair.host("peer"), "eth0")
    assert deliver(*ends, frames, COUNT).total() == COUNT


@pytest.mark.parametrize(
    "make",
    [
        lambda bed: Delay(bed, bed.slave_cable(0), -1),
        lambda bed: Delay(bed, bed.slave_cable(0), 1, jitter_ms=2),
        lambda bed: UnequalDelays(bed, [bed.slave_cable(0)], 1),
        lambda bed: Bandwidth(bed, bed.slave_cable(0), 0),
    ],
)
def test_impossible_cables(pair: Testbed, make: Callable[[Testbed], Fault]) -> None:
    with pytest.raises(LabError):
        make(pair)


@pytest.mark.parametrize("mbit", [20, 200])
def test_bandwidth(pair: Testbed, mbit: float) -> None:
    cable, host = pair.slave_cable(2), pair.host("host")
    frame = probe(0, SOURCE).ljust(9000, b"\0")
    for machine in (host, pair.host("peer")):
        machine.run(["ip", "link", "set", "dev", "eth2", "mtu", "9000"])
    with Capture.start([cable]) as capture, Bandwidth(pair, cable, mbit):
        with host.packet_socket("eth2", 0) as out:
            begun = time.monotonic()
            while time.monotonic() < begun + 0.6:
                # To try again and again would take the processor away from those who carry the frames.
                if select.select([], [out], [], 0.01)[1]:
                    with suppress(BlockingIOError):
                        out.send(frame)
        capture.settle()
        # The first tenth is the bucket's.
        came = [seen.at_s for seen in capture.frames(cable.b, sent=False) if seen.at_s > begun + 0.1]
    windows = Counter(int((at_s - begun) / 0.05) for at_s in came if at_s < begun + 0.6)
    # The median: in single windows the sender may have been kept from sending, on a busy machine.
    measured = statistics.median(windows[number] for number in range(2, 12)) * len(frame) * 8 / 0.05 / 1e6
    assert abs(measured - mbit) < 0.1 * mbit
    assert cable.rate_mbit is None


def test_bandwidth_gives_back_what_was(pair: Testbed) -> None:
    cable = pair.slave_cable(2)
    cable.limit(30)
    with Bandwidth(pair, cable, 10):
        assert cable.rate_mbit == 10
    assert cable.rate_mbit == 30
    cable.limit(None)
