"""Patch cables: frames, carrier, impairments, rate."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from lab.cables import TBF_BURST_MIN_BYTES, TBF_BURST_MS, PatchCable
from lab.errors import LabError
from lab.netns import in_namespace
from lab.testbed import Testbed
from lab.topology import Port
from lab.waiting import eventually, never
from tests.lab.frames_on import deliver, ear, heard, probe, send

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
EVENT_S = 0.5  # generous: the watcher takes well under 5 ms, an idle machine given


def frames(count: int) -> list[bytes]:
    return [probe(number, SOURCE) for number in range(count)]


def carriers(bed: Testbed, cable: PatchCable) -> tuple[bool, bool]:
    devices = {name: host.interfaces for name, host in bed.hosts.items()}
    devices |= {name: switch.interfaces for name, switch in bed.switches.items()}
    return devices[cable.a.node].carrier(cable.a.name), devices[cable.b.node].carrier(cable.b.name)


def follows(bed: Testbed, cable: PatchCable, expected: tuple[bool, bool]) -> None:
    eventually(lambda: carriers(bed, cable), until=lambda now: now == expected, within=EVENT_S)


@pytest.mark.parametrize("number", range(4))
def test_each_cable_carries_frames_both_ways_and_no_other_hears_them(pair: Testbed, number: int) -> None:
    host, peer = pair.host("host"), pair.host("peer")
    for sender, receiver in ((host, peer), (peer, host)):
        others = [nic for nic in receiver.nics if nic != f"eth{number}"]
        with ear(receiver, others[0]) as x, ear(receiver, others[1]) as y, ear(receiver, others[2]) as z:
            came = deliver((sender, f"eth{number}"), (receiver, f"eth{number}"), frames(50), 50)
            assert came == dict.fromkeys(range(50), 1)
            assert not heard([x, y, z], 0)


def test_pull_and_plug(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(1)
    for _ in range(20):
        begun = time.monotonic()
        at_s = cable.pull()
        assert carriers(pair, cable) == (False, False)
        assert begun <= at_s <= time.monotonic()
        assert host.interfaces.is_up("eth1")
        assert peer.interfaces.is_up("eth1")
        assert not cable.plugged
        cable.plug()
        assert carriers(pair, cable) == (True, True)
        assert deliver((host, "eth1"), (peer, "eth1"), frames(1), 1) == {0: 1}
        assert cable.plugged
    assert all(carriers(pair, other) == (True, True) for other in pair.cables.values())


def test_pull_is_quick(pair: Testbed) -> None:
    cable = pair.slave_cable(2)
    times: dict[Callable[[], float], list[float]] = {cable.pull: [], cable.plug: []}
    for _ in range(30):
        for action, taken in times.items():
            begun = time.perf_counter()
            action()
            taken.append(time.perf_counter() - begun)
    for taken in times.values():
        assert sorted(taken)[len(taken) // 2] < 0.005


def test_a_pulled_cable_carries_nothing(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    cable.pull()
    with ear(pair.host("peer"), "eth0") as sock:
        send(pair.host("host"), "eth0", frames(5))
        assert not heard([sock], 0)
    cable.plug()


def test_carrier_follows_the_far_device(pair: Testbed) -> None:
    cable, near, far = pair.slave_cable(0), pair.host("host").interfaces, pair.host("peer").interfaces
    for device, with_me in ((near, far), (far, near)):
        device.set_up("eth0", False)
        follows(pair, cable, (False, False))
        assert with_me.is_up("eth0")
        device.set_up("eth0", True)
        follows(pair, cable, (True, True))


def test_both_devices_down_and_up_in_any_order(pair: Testbed) -> None:
    cable, near, far = pair.slave_cable(0), pair.host("host").interfaces, pair.host("peer").interfaces
    for down in ((near, far), (far, near)):
        for up in ((near, far), (far, near)):
            for device in down:
                device.set_up("eth0", False)
            follows(pair, cable, (False, False))
            up[0].set_up("eth0", True)
            follows(pair, cable, (False, False))
            never(lambda: any(carriers(pair, cable)), during=0.02)
            up[1].set_up("eth0", True)
            follows(pair, cable, (True, True))


def test_carrier_does_not_show_while_the_far_device_is_down(pair: Testbed) -> None:
    """Not even for a moment when the near one is switched on: a bond would take the slave for a good one."""
    cable, near, far = pair.slave_cable(0), pair.host("host").interfaces, pair.host("peer").interfaces
    far.set_up("eth0", False)
    follows(pair, cable, (False, False))  # while the near one is up: the cable has heard of the far one
    near.set_up("eth0", False)
    for _ in range(50):
        near.set_up("eth0", True)
        assert not near.carrier("eth0")
        near.set_up("eth0", False)
    near.set_up("eth0", True)
    far.set_up("eth0", True)
    follows(pair, cable, (True, True))


def test_a_storm_of_ups_and_downs_ends_well(pair: Testbed) -> None:
    cable, near, far = pair.slave_cable(3), pair.host("host").interfaces, pair.host("peer").interfaces
    dice = random.Random(1)
    for _ in range(300):
        what = dice.randrange(3)
        if what == 2:
            (cable.pull if dice.random() < 0.5 else cable.plug)()
        else:
            (near, far)[what].set_up("eth3", dice.random() < 0.5)
    near.set_up("eth3", True)
    far.set_up("eth3", True)
    cable.plug()
    follows(pair, cable, (True, True))


def test_plugging_while_a_device_is_down(pair: Testbed) -> None:
    cable, far = pair.slave_cable(0), pair.host("peer").interfaces
    cable.pull()
    far.set_up("eth0", False)
    cable.plug()
    follows(pair, cable, (False, False))
    far.set_up("eth0", True)
    follows(pair, cable, (True, True))


def test_switch_port_admin(star: Testbed) -> None:
    switch, cable = star.switch("switch_a"), star.slave_cable(0)
    switch.port_admin("p1", False)
    follows(star, cable, (False, False))
    switch.port_admin("p1", True)
    follows(star, cable, (True, True))


def test_impairments_coexist_and_heal_each_alone(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)
    there, back = ((host, "eth0"), (peer, "eth0")), ((peer, "eth0"), (host, "eth0"))
    every_other = ["numgen inc mod 2 0 counter drop"]
    cable.impair("half", every_other, from_node="host1")
    cable.impair("back", ["counter drop"], from_node="host2")
    assert cable.impairments == ("half", "back")
    assert deliver(*there, frames(40), 20).total() == 20
    assert deliver(*back, frames(40), 0).total() == 0
    assert "counter packets 40" in cable.rules_in_force("back")
    cable.heal("back")
    assert "counter packets 20" in cable.rules_in_force("half")
    assert deliver(*back, frames(40), 40).total() == 40
    cable.impair("half", ["counter drop"])
    assert deliver(*there, frames(5), 0).total() == 0
    cable.heal("half")
    cable.heal("half")
    assert not cable.impairments
    assert deliver(*there, frames(40), 40).total() == 40


def test_a_change_loses_nothing_else(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)
    count = 20_000
    with ear(peer, "eth0") as sock, host.packet_socket("eth0", 0) as out:
        sock.setsockopt(1, 33, 64 << 20)
        out.setblocking(True)
        for number in range(count):
            out.send(probe(number, SOURCE))
            if number % 100 == 0:
                (cable.heal if number % 200 else lambda key: cable.impair(key, ["meta protocol arp drop"]))(
                    "x"
                )
        came = heard([sock], count)
    cable.heal("x")
    assert len(came) == count
    assert set(came.values()) == {1}


def test_bad_requests(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    with pytest.raises(LabError, match="does not touch nobody"):
        cable.impair("x", ["drop"], from_node="nobody")
    with pytest.raises(LabError, match=r"syntax error(.|\n)*not a rule"):
        cable.impair("x", ["not a rule"])
    assert cable.impairments == ()
    with pytest.raises(LabError, match="no impairment"):
        cable.rules_in_force("x")
    with pytest.raises(LabError, match="no end"):
        cable.tap(Port("host1", "eth3"))


def test_taps_see_both_sides_of_the_impairments(pair: Testbed) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)

    def listen(end: Port) -> socket.socket:
        return in_namespace(cable.patch_pid, lambda: open_tap(cable.tap(end)))

    def open_tap(name: str) -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind((name, 3))
        return sock

    cable.impair("x", ["numgen inc mod 2 0 drop"], from_node="host1")
    with listen(cable.a) as before, listen(cable.b) as after:
        assert deliver((host, "eth0"), (peer, "eth0"), frames(10), 5).total() == 5
        assert heard([before], 10).total() == 10
        assert heard([after], 5).total() == 5
    cable.heal("x")


def test_jumbo_frames_pass(pair: Testbed) -> None:
    host, peer = pair.host("host"), pair.host("peer")
    for machine in (host, peer):
        machine.run(["ip", "link", "set", "dev", "eth0", "mtu", "9000"])
    assert deliver((host, "eth0"), (peer, "eth0"), [probe(1, SOURCE) + bytes(8900)], 1) == {1: 1}


@pytest.mark.parametrize("mbit", [10, 100])
def test_rate_limit(pair: Testbed, mbit: float) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(3)
    cable.limit(mbit)
    frame = probe(0, SOURCE).ljust(1500, b"\0")
    came: list[float] = []
    with ear(peer, "eth3") as sock, host.packet_socket("eth3", 0) as out:
        begun = time.monotonic()
        while time.monotonic() < begun + 0.3:
            with suppress(BlockingIOError):
                out.send(frame)
            with suppress(BlockingIOError):
                sock.recv(4096)
                came.append(time.monotonic())
    bits, elapsed = len(came) * len(frame) * 8, came[-1] - begun
    bucket = max(TBF_BURST_MIN_BYTES, mbit * 1e3 / 8 * TBF_BURST_MS) * 8
    # Too much is the cable's fault; somewhat little may be the sender's, on a busy machine.
    assert 0.5 * mbit * 1e6 * elapsed < bits < 1.05 * mbit * 1e6 * elapsed + bucket
    cable.limit(None)
    assert len(deliver((host, "eth3"), (peer, "eth3"), frames(100), 100)) == 100
    cable.limit(None)
