"""The capture on real cables: who sent what, what arrived, what a cable swallowed."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from lab import frames
from lab.capture import Capture
from lab.cases import needs
from lab.errors import LabBroken, LabError
from lab.testbed import Testbed
from lab.topology import Port
from lab.traffic import send_frames

HOST, PEER = Port("host1", "eth0"), Port("host2", "eth0")
SWITCHED_HOST, STATION = Port("host1", "eth0"), Port("station1", "eth0")


def frame(number: int, vlan_id: int | None = None) -> bytes:
    return frames.ethernet(
        frames.BROADCAST, "02:00:00:00:aa:01", 0x88B6, number.to_bytes(4, "big"), vlan_id=vlan_id
    )


def ours(data: bytes) -> bool:
    return frames.ethertype(data) == 0x88B6


def test_a_frame_is_seen_sent_at_one_end_and_delivered_at_the_other(bed: Testbed, capture: Capture) -> None:
    begun = capture.mark()
    send_frames(bed.host("host"), "eth0", [frame(1)])
    capture.settle()
    (sent,) = capture.frames(HOST, match=ours)
    (delivered,) = capture.frames(PEER, match=ours)
    assert (sent.sent, delivered.sent) == (True, False)
    assert sent.data == delivered.data == frame(1)
    assert sent.length == 60
    assert begun <= sent.at_s <= delivered.at_s <= time.monotonic()
    assert sent.cable == delivered.cable == bed.slave_cable(0).name
    assert capture.frames(HOST, sent=False, match=ours) == []
    assert capture.frames(Port("host1", "eth1"), match=ours) == []


@needs(slaves=4, switch=True)
def test_settled_means_all_is_read_at_once(bed: Testbed, capture: Capture) -> None:
    """Through a switch, 60 bursts with no other wait than settle(): never a frame missing."""
    for burst in range(60):
        begun = capture.mark()
        send_frames(bed.host("host"), "eth0", [frame(n) for n in range(50)])
        capture.settle()
        seen = capture.frames(STATION, sent=False, since_s=begun, match=ours)
        assert [s.data for s in seen] == [frame(n) for n in range(50)], burst


def test_asking_reads_what_has_arrived(bed: Testbed, capture: Capture) -> None:
    """Without settle(): no frame that is in a socket's buffer already is missed."""
    for number in range(200):
        send_frames(bed.host("host"), "eth0", [frame(number)])
        assert len(capture.frames(HOST, match=ours)) == number + 1


@pytest.mark.parametrize("vlan", [0, 7, 4094])
def test_tags_are_put_back(bed: Testbed, capture: Capture, vlan: int) -> None:
    send_frames(bed.host("host"), "eth0", [frame(1, vlan)])
    capture.settle()
    assert [s.data for s in capture.frames(PEER, match=ours)] == [frame(1, vlan)]


def test_what_the_cable_swallows_is_sent_and_not_delivered(bed: Testbed, capture: Capture) -> None:
    bed.slave_cable(0).impair("hole", ["drop"], from_node="host1")
    send_frames(bed.host("host"), "eth0", [frame(1)])
    capture.settle()
    assert len(capture.frames(HOST, sent=True, match=ours)) == 1
    assert capture.frames(PEER, match=ours) == []


def test_pulling_the_cable_does_not_end_the_capture(bed: Testbed, capture: Capture) -> None:
    cable = bed.slave_cable(0)
    for number in range(3):
        cable.pull()
        send_frames(bed.host("host"), "eth1", [frame(100 + number)])
        cable.plug()
        send_frames(bed.host("host"), "eth0", [frame(number)])
    capture.settle()
    assert [s.data for s in capture.frames(PEER, match=ours)] == [frame(0), frame(1), frame(2)]
    assert len(capture.frames(Port("host2", "eth1"), match=ours)) == 3


def test_since_and_sent_select(bed: Testbed, capture: Capture) -> None:
    send_frames(bed.host("host"), "eth0", [frame(1)])
    capture.settle()
    middle = capture.mark()
    send_frames(bed.host("peer"), "eth0", [frame(2)])
    capture.settle()
    assert [s.data for s in capture.frames(HOST, since_s=middle, match=ours)] == [frame(2)]
    assert [s.data for s in capture.frames(HOST, sent=True, match=ours)] == [frame(1)]
    assert [s.data for s in capture.frames(HOST, sent=False, match=ours)] == [frame(2)]
    assert [s.sent for s in capture.frames(HOST, match=ours)] == [True, False]


def test_a_forgotten_past_is_an_error_and_not_an_empty_answer(bed: Testbed) -> None:
    with Capture.start(bed.cables.values(), budget=20_000) as small:
        send_frames(bed.host("host"), "eth0", [frame(n) for n in range(200)])
        small.settle()
        with pytest.raises(LabBroken, match="host1:eth0 is incomplete"):
            small.frames(HOST)
        begun = small.mark()
        send_frames(bed.host("host"), "eth0", [frame(1)])
        small.settle()
        assert len(small.frames(HOST, since_s=begun)) == 1


def test_many_frames_none_dropped(bed: Testbed, capture: Capture) -> None:
    send_frames(bed.host("host"), "eth0", [frame(n) for n in range(20_000)])
    capture.settle()
    assert len(capture.frames(PEER, match=ours)) == 20_000
    assert capture.drops == 0


def test_no_cable_there(capture: Capture) -> None:
    with pytest.raises(LabError, match="no cable in host1:eth9; captured are host1:eth0"):
        capture.frames(Port("host1", "eth9"))


def test_pcaps_can_be_read_and_hold_nanoseconds(bed: Testbed, capture: Capture, tmp_path: Path) -> None:
    send_frames(bed.host("host"), "eth0", [frame(n, 5) for n in range(3)])
    capture.settle()
    written = capture.write_pcaps(tmp_path / "pcap")
    assert len(written) == 2 * len(bed.cables)
    shown = subprocess.run(
        ["tcpdump", "-nn", "-e", "-tt", "--nano", "-r", str(tmp_path / "pcap" / "host2.eth0.pcap"), "vlan 5"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    stamps = [line.split()[0] for line in shown.splitlines() if "ethertype" in line]
    assert len(stamps) == 3
    assert all(abs(float(stamp) - time.time()) < 30 for stamp in stamps)
    assert all(len(stamp.partition(".")[2]) == 9 for stamp in stamps)


def test_closing_twice_and_asking_after(bed: Testbed, capture: Capture) -> None:
    send_frames(bed.host("host"), "eth0", [frame(1)])
    capture.settle()
    capture.close()
    capture.close()
    assert len(capture.frames(PEER, match=ours)) == 1
