"""What no mode asks of the data path yet: punting, unicast only, and the second kind of shield."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from functools import partial

import pytest

from bondimpl.clock import RealClock
from bondimpl.forwarding import Accept, ForwardingPlan, Punt, Single
from bondimpl.runtime.datapath import Datapath
from bondimpl.runtime.links import Links
from bondimpl.runtime.loop import Loop
from bondimpl.runtime.shield import Built, Shield
from bondimpl.runtime.tap import Tap
from bondimpl.runtime.wire import Wire
from tests.runtime.lab import Lab, eventually, ip, link, run, state

pytestmark = pytest.mark.root

SLOW, TEST = 0x8809, 0x88B5


class Control:
    """Notes what is punted, and keeps it or not."""

    def __init__(self) -> None:
        self.keeps = True
        self.from_slave: list[tuple[str, bytes]] = []
        self.from_host: list[bytes] = []

    def frame_from_slave(self, slave: str, frame: bytes) -> bool:
        self.from_slave.append((slave, frame))
        return self.keeps

    def frame_from_host(self, frame: bytes) -> bool:
        self.from_host.append(frame)
        return self.keeps

    def bucket_missed(self, bucket: int) -> str | None:
        raise AssertionError(f"no plan here has buckets: {bucket}")


class Bench:
    """A data path alone: TAP test0 over eth0 and eth1."""

    def __init__(self, lab: Lab) -> None:
        self.clock = RealClock()
        self.loop = Loop(self.clock, print)
        self.tap = Tap("test0")
        self.path = Datapath(self.tap.fd, self.loop, lambda: None)
        self.control = Control()
        self.path.connect(self.control)
        links = Links()
        for nic in lab.nics:
            ip("link", "set", "dev", nic, "up")
            found = links.by_name(nic)
            assert found
            self.path.add(nic, Wire(found.index, nic))
        links.close()
        run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/test0/disable_ipv6")
        ip("link", "set", "dev", "test0", "up")
        self.tap.set_carrier(True)
        # The kernel acts on carriers once a second at most, and drops what is sent until then.
        eventually(lambda: link("test0")["operstate"] == "UP")
        ports = json.loads(lab.peer("ip", "-j", "link", "show", "type", "veth"))
        assert len(ports) == len(lab.nics)
        eventually(lambda: all(_is_up(lab, port["ifname"]) for port in ports))
        self.device = lab.listen_here("test0")
        self.wires = {nic: lab.listen(f"port{number}") for number, nic in enumerate(lab.nics)}

    def settle(self) -> None:
        """Run the loop for a moment."""
        self.clock.call_at(self.clock.now() + 100, self.loop.stop)
        self.loop.run()

    def close(self) -> None:
        self.path.close()
        self.tap.close()
        self.loop.close()


@pytest.fixture
def bench(lab: Lab) -> Iterator[Bench]:
    made = Bench(lab)
    yield made
    made.close()


def _is_up(lab: Lab, port: str) -> bool:
    """Whether the peer's port sends, rather than drops."""
    (shown,) = json.loads(lab.peer("ip", "-j", "link", "show", "dev", port))
    return bool(shown["operstate"] == "UP")


def _frame(ethertype: int, *, group: bool = False, marker: int = 0) -> bytes:
    macs = bytes([3 if group else 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2])
    return macs + ethertype.to_bytes(2, "big") + bytes([marker]) + bytes(45)


def _of(ethertype: int, frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if frame[12:14] == ethertype.to_bytes(2, "big")]


def _heard(bench: Bench, ethertype: int) -> list[bytes]:
    return _of(ethertype, bench.device.frames(lambda _: True, 0))


@pytest.mark.parametrize("keeps", [True, False])
def test_punted_frame_from_a_slave(bench: Bench, keeps: bool) -> None:
    """Steps: the plan punts slow protocols; one comes in by an inactive slave, one by the active one."""
    bench.control.keeps = keeps
    bench.path.publish(
        ForwardingPlan(Single("eth0"), {"eth0": Accept.EVERYTHING}, (Punt(SLOW, from_host=False),))
    )
    bench.wires["eth1"].send(_frame(SLOW, marker=1))
    bench.settle()
    bench.wires["eth0"].send(_frame(SLOW, marker=2))
    bench.wires["eth0"].send(_frame(TEST))
    bench.settle()
    punted = [(slave, frame) for slave, frame in bench.control.from_slave if frame[12:14] == b"\x88\x09"]
    assert punted == [("eth1", _frame(SLOW, marker=1)), ("eth0", _frame(SLOW, marker=2))]
    heard = bench.device.frames(lambda f: f[12:14] in (b"\x88\x09", b"\x88\xb5"), 1)
    assert heard == ([] if keeps else [_frame(SLOW, marker=2)]) + [_frame(TEST)]


@pytest.mark.parametrize("keeps", [True, False])
def test_punted_frame_from_the_host(bench: Bench, keeps: bool) -> None:
    bench.control.keeps = keeps
    bench.path.publish(ForwardingPlan(Single("eth0"), {}, (Punt(SLOW, from_host=True),)))
    bench.device.send(_frame(SLOW))
    bench.device.send(_frame(TEST))
    bench.settle()
    assert bench.control.from_host == [_frame(SLOW)]
    sent = bench.wires["eth0"].frames(lambda f: f[12:14] in (b"\x88\x09", b"\x88\xb5"), 1)
    assert sent == ([] if keeps else [_frame(SLOW)]) + [_frame(TEST)]


def test_unicast_only(bench: Bench) -> None:
    bench.path.publish(ForwardingPlan(Single("eth1"), {"eth0": Accept.UNICAST}))
    bench.wires["eth0"].send(_frame(TEST, group=True))
    bench.wires["eth0"].send(_frame(TEST))
    bench.wires["eth1"].send(_frame(TEST))
    bench.settle()
    assert bench.device.frames(lambda f: f[12:14] == b"\x88\xb5", 1) == [_frame(TEST)]


def test_frames_of_the_drivers_own(bench: Bench) -> None:
    """Steps: send on a slave that carries nothing. Verify: on the wire; not heard by ourselves."""
    bench.path.transmit("eth1", _frame(SLOW))
    bench.settle()
    assert bench.wires["eth1"].frames(lambda f: f[12:14] == b"\x88\x09", 1) == [_frame(SLOW)]
    assert bench.control.from_slave == []


@pytest.mark.parametrize("ways", [("bpf",), ("nft",)])
def test_shield_keeps_frames_from_the_stack_but_not_from_taps(lab: Lab, ways: tuple[str, ...]) -> None:
    ip("link", "set", "dev", "eth0", "up")
    ip("address", "add", "192.0.2.1/24", "dev", "eth0")
    lab.peer("ip", "address", "add", "192.0.2.2/24", "dev", "br0")
    links, shield = Links(), Shield(ways)  # type: ignore[arg-type]
    found = links.by_name("eth0")
    assert found
    before = state("eth0")
    noted: list[Built] = []
    built = shield.put_up(found.index, "eth0", noted.append)
    assert noted == [built]
    try:
        tap, wire = lab.listen_here("eth0"), lab.listen("port0")
        ping = ("arping", "-c", "1", "-w", "1", "-I", "br0", "192.0.2.1")
        lab.peer("sh", "-c", " ".join(ping) + " || true")
        assert tap.frames(lambda f: f[12:14] == b"\x08\x06", 1)
        assert not _of(0x0806, wire.frames(lambda _: True, 0))
    finally:
        shield.take_down(found.index, "eth0", built)
        shield.take_down(found.index, "eth0", built)
        shield.close()
        links.close()
    assert state("eth0") == before
    lab.peer("arping", "-c", "1", "-w", "2", "-I", "br0", "192.0.2.1")


def test_a_frame_that_cannot_be_read_is_no_lost_device(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = os.readv, [errno.ENOMEM]

    def readv(descriptor: int, buffers: list[bytearray]) -> int:
        if failures:
            raise OSError(failures.pop(), "short of memory")
        return real(descriptor, buffers)

    monkeypatch.setattr("bondimpl.runtime.datapath.os.readv", readv)
    bench.path.publish(ForwardingPlan(Single("eth0")))
    bench.device.send(_frame(TEST))
    bench.settle()
    assert failures == []
    assert _of(TEST, bench.wires["eth0"].frames(lambda _: True, 1)) == [_frame(TEST)]


def test_a_filter_is_open_as_long_as_one_vlan_needs_it(bench: Bench) -> None:
    """Verify: the NIC is promiscuous from the first VLAN to the last, whatever else wants that."""
    promiscuity = partial(_promiscuity, "eth0")
    assert promiscuity() == 0
    bench.path.wire("eth0").pass_filter(True)
    bench.path.wire("eth0").pass_filter(True)
    assert promiscuity() == 1
    bench.path.wire("eth0").set_promiscuous(True)
    bench.path.wire("eth0").set_promiscuous(False)
    bench.path.wire("eth0").pass_filter(False)
    assert promiscuity() == 1
    bench.path.wire("eth0").pass_filter(False)
    assert promiscuity() == 0


def _promiscuity(nic: str) -> int:
    return int(link(nic)["promiscuity"])
