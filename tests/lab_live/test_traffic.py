"""Probe streams on real cables."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from lab import frames
from lab.capture import Capture
from lab.cases import Bonding, StreamMaker, needs
from lab.errors import LabError
from lab.faults import CablePull, Delay
from lab.testbed import Testbed
from lab.topology import Port
from lab.traffic import DRAIN_S, QUIET_S, Flow, Stream, StreamReport, send_frames
from lab.waiting import eventually


@pytest.fixture
def stream_over_bond(bonded: Bonding) -> StreamMaker:
    """The plugin's fixture `stream`, whose name this file's own helper has."""
    return bonded.stream


def stream(bed: Testbed, **changes: object) -> Stream:
    host, peer = bed.host("host"), bed.host("peer")
    fields: dict[str, object] = {
        "dst_mac": peer.mac("eth0"),
        "src_ip": "10.0.0.1",
        "dst_ip": "10.0.0.2",
        **changes,
    }
    return Stream((host, "eth0"), (peer, "eth0"), Flow(**fields))  # type: ignore[arg-type]


def test_a_healthy_link_loses_nothing(bed: Testbed) -> None:
    with stream(bed, rate_pps=1000) as s:
        s.wait_sent(500)
    report = s.report()
    assert report.sent >= 500
    assert (report.lost, report.duplicates, report.reordered, report.refused, report.strays) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert report.outages == ()


def test_the_pace_is_even(bed: Testbed) -> None:
    with stream(bed, rate_pps=500) as s:
        s.run(0.5)
    arrivals = s.receiver.arrivals
    pace_s = (arrivals[-1].at_s - arrivals[0].at_s) / (len(arrivals) - 1)
    assert pace_s == pytest.approx(0.002, rel=0.05)


def test_what_was_sent_before_does_not_count_from_now_on(bed: Testbed) -> None:
    """Frames held up on a slow line arrive after the call, and are not among those that it tells of."""
    with stream(bed) as s:
        s.wait_flowing()
        with Delay(bed, bed.slave_cable(0), ms=200):
            s.run(0.1)
            before, later = s.receiver.count, s.from_now_on()
            eventually(lambda: s.receiver.count > before, within=1.0)
            assert not later()
            eventually(later, within=1.0)


def test_an_outage_is_measured(bed: Testbed) -> None:
    """A cable pulled for some time: one outage, as long as carrier was gone give or take a few frames."""
    with stream(bed) as s:
        s.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as fault:
            before = s.probe.sent
            s.wait_sent(before + 100)
        healed_s = bed.timeline.moments[-1].at_s
        s.wait_flowing()
    report = s.report()
    (outage,) = report.outages
    assert outage.lost >= 100
    assert outage.ms == pytest.approx((healed_s - fault.at) * 1e3, abs=30 + report.send_lag_ms)
    assert outage.from_s == pytest.approx(fault.at, abs=0.03)
    assert report.outage_ms == outage.ms
    assert report.duplicates == report.reordered == 0


def test_a_stream_survives_its_interface_going_down(bed: Testbed) -> None:
    host = bed.host("host")
    with stream(bed) as s:
        s.wait_flowing()
        host.run(["ip", "link", "set", "dev", "eth0", "down"])
        eventually(lambda: s.probe.refused, 5, until=lambda n: n > 10)
        host.run(["ip", "link", "set", "dev", "eth0", "up"])
        s.wait_flowing()
    report = s.report()
    assert report.refused > 10
    assert report.lost >= report.refused
    assert len(report.outages) == 1


def test_duplicates_are_counted(bed: Testbed) -> None:
    tap = bed.slave_cable(0).tap(Port("host2", "eth0"))
    bed.slave_cable(0).impair("twice", [f'dup to "{tap}"'], from_node="host1")
    with stream(bed) as s:
        s.wait_sent(50)
    report = s.report()
    assert (report.received, report.duplicates, report.lost) == (report.sent, report.sent, 0)


def test_random_loss(bed: Testbed) -> None:
    bed.slave_cable(0).impair("loss", ["numgen inc mod 4 == 0 drop"], from_node="host1")
    with stream(bed, rate_pps=2000) as s:
        s.wait_sent(400)
    report = s.report()
    assert report.loss == pytest.approx(0.25, abs=0.01)
    assert all(outage.lost == 1 for outage in report.outages)


def test_what_is_still_under_way_at_the_end_is_not_lost(bed: Testbed) -> None:
    """45 Mbit/s into a cable of 20 Mbit/s, briefly: the last frames arrive some ms after the last send.

    A sender that was held up sends what it owes at once, which overflows the cable's queue of 20 ms: that one
    is no such stream.
    """
    bed.slave_cable(0).limit(20)

    def brief() -> StreamReport:
        with stream(bed, rate_pps=4000, size=1400) as s:
            s.wait_sent(40)
        return s.report()

    report = eventually(brief, 20.0, until=lambda r: r.send_lag_ms < 5 and r.sent < 60, what="an even stream")
    assert report.lost == 0


@needs(slaves=2, switch=True)
def test_a_driver_held_up_at_the_end_of_a_stream_loses_nothing(
    bonded: Bonding, stream_over_bond: StreamMaker
) -> None:
    bond = bonded("active-backup", slaves=2, miimon=100)
    pid = bonded.drivers.userspace.daemon(bond.host).process.pid
    with stream_over_bond(rate_pps=200) as s:
        s.wait_flowing()
        os.kill(pid, signal.SIGSTOP)
        go_on = threading.Timer(0.3, os.kill, (pid, signal.SIGCONT))
        go_on.start()
        held_up = s.probe.sent
        s.wait_sent(held_up + 5)
    go_on.join()
    assert s.report().lost == 0


def test_what_is_lost_is_not_waited_for_longer_than_a_moment(bed: Testbed) -> None:
    bed.slave_cable(0).impair("loss", ["numgen inc mod 4 == 0 drop"], from_node="host1")
    with stream(bed) as s:
        s.wait_sent(40)
        begun = time.monotonic()
    assert QUIET_S < time.monotonic() - begun < DRAIN_S
    assert s.report().lost > 0


@pytest.mark.parametrize("vlan", [None, 12])
def test_on_the_wire_it_is_a_proper_datagram(bed: Testbed, capture: Capture, vlan: int | None) -> None:
    with stream(bed, vlan=vlan, size=200, ports=(5, 6)) as s:
        s.wait_sent(5)
    assert s.report().lost == 0
    seen = capture.frames(Port("host1", "eth0"), sent=True, match=lambda data: frames.probe(data) is not None)
    assert [frames.probe(f.data) for f in seen] == [
        frames.Probe(s.probe.flow_id, n, vlan) for n in range(s.probe.sent)
    ]
    assert {f.length for f in seen} == {200 if vlan is None else 204}
    assert {frames.src_mac(f.data) for f in seen} == {bed.host("host").mac("eth0")}


def test_two_streams_do_not_mix(bed: Testbed) -> None:
    with stream(bed) as one, stream(bed) as two:
        one.wait_sent(100)
        two.wait_sent(100)
    assert (one.report().lost, one.report().strays, one.report().duplicates) == (0, 0, 0)
    assert (two.report().lost, two.report().strays, two.report().duplicates) == (0, 0, 0)


def test_a_report_may_be_asked_for_inside_and_again(bed: Testbed) -> None:
    with stream(bed) as s:
        s.wait_sent(10)
        assert s.report() is s.stop()


def test_an_interface_that_is_not_there(bed: Testbed) -> None:
    with pytest.raises((OSError, LabError)):
        send_frames(bed.host("host"), "eth9", [bytes(60)])


def test_a_flow_that_cannot_be(bed: Testbed) -> None:
    with pytest.raises(LabError, match="at least 54 bytes"):
        stream(bed, size=20)
