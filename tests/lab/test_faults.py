"""Faults: each takes effect, is on the timeline, and heals."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lab.errors import LabError
from lab.faults import ArpLoss, Blackhole, CablePull, Fault, ForwardingDelay, PowerOff
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import ARP_REPLY, ARP_REQUEST, arp, deliver, ear, heard, number_of, probe

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 100


def passing(bed: Testbed, *, back: bool = False, frames: list[bytes] | None = None, expected: int = 0) -> int:
    """How many frames pass the first cable, from the host under test or back."""
    frames = frames or [probe(number, SOURCE) for number in range(COUNT)]
    ends = ((bed.host("host"), "eth0"), (bed.host("peer"), "eth0"))
    return deliver(ends[back], ends[not back], frames, expected).total()


def arps(operation: int, count: int = COUNT, vlan: int | None = None) -> list[bytes]:
    return [arp(operation, number, vlan=vlan) for number in range(count)]


def test_cable_pull(pair: Testbed) -> None:
    cable, interfaces = pair.slave_cable(0), pair.host("host").interfaces
    begun = time.monotonic()
    with CablePull(pair, cable) as fault:
        assert begun <= fault.at <= time.monotonic()
        assert not interfaces.carrier("eth0")
        with CablePull(pair, cable):
            assert not interfaces.carrier("eth0")
        assert not interfaces.carrier("eth0")
        fault.heal()
        assert interfaces.carrier("eth0")
    assert interfaces.carrier("eth0")
    texts = [moment.text for moment in pair.timeline.moments if moment.source == "fault"]
    assert texts[0] == f"cable {cable.name} pulled"
    assert texts[-1] == f"cable {cable.name} pulled: healed"
    assert "pulled: healed" in pair.timeline.render()


FAULTS: list[Callable[[Testbed], Fault]] = [
    lambda bed: CablePull(bed, bed.slave_cable(0)),
    lambda bed: Blackhole(bed, bed.slave_cable(0)),
    lambda bed: ArpLoss(bed, bed.slave_cable(0)),
    lambda bed: ForwardingDelay(bed, bed.slave_cable(0), 60_000),
]


@pytest.mark.parametrize("make", FAULTS, ids=["pull", "blackhole", "arp", "delay"])
def test_it_heals_when_the_case_fails(pair: Testbed, make: Callable[[Testbed], Fault]) -> None:
    cable = pair.slave_cable(0)
    fault = make(pair)
    with pytest.raises(LabError, match="not in effect"):
        _ = fault.at

    def case() -> None:
        with fault:
            cable.pull()
            cable.plug()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        case()
    assert cable.plugged
    assert not cable.impairments
    assert not cable.before_link + cable.after_link
    assert passing(pair, frames=arps(ARP_REQUEST), expected=COUNT) == COUNT


def test_blackhole_keeps_the_carrier(pair: Testbed) -> None:
    with Blackhole(pair, pair.slave_cable(0)) as fault:
        assert pair.host("host").interfaces.carrier("eth0")
        assert pair.host("peer").interfaces.carrier("eth0")
        assert passing(pair) == 0
        assert passing(pair, back=True) == 0
        assert fault.swallowed == 2 * COUNT
    assert fault.swallowed == 2 * COUNT
    assert passing(pair, expected=COUNT) == COUNT
    assert passing(pair, back=True, expected=COUNT) == COUNT


@pytest.mark.parametrize("role", ["host", "peer"])
def test_one_way_break(pair: Testbed, role: str) -> None:
    with Blackhole(pair, pair.slave_cable(0), from_node=role):
        assert passing(pair, expected=COUNT * (role != "host")) == COUNT * (role != "host")
        assert passing(pair, back=True, expected=COUNT * (role == "host")) == COUNT * (role == "host")


@pytest.mark.parametrize("vlan", [None, 7])
def test_arp_loss_takes_arp_only(pair: Testbed, vlan: int | None) -> None:
    with ArpLoss(pair, pair.slave_cable(0)):
        assert passing(pair, frames=arps(ARP_REQUEST, vlan=vlan)) == 0
        assert passing(pair, frames=arps(ARP_REPLY, vlan=vlan), back=True) == 0
        assert passing(pair, expected=COUNT) == COUNT


def test_arp_loss_of_one_operation(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    with ArpLoss(pair, cable, "request") as requests:
        assert passing(pair, frames=arps(ARP_REQUEST)) == 0
        assert passing(pair, frames=arps(ARP_REPLY), expected=COUNT) == COUNT
        assert requests.swallowed == COUNT
    with ArpLoss(pair, cable, "reply", from_node="peer"):
        assert passing(pair, frames=arps(ARP_REPLY), back=True) == 0
        assert passing(pair, frames=arps(ARP_REQUEST), back=True, expected=COUNT) == COUNT
        assert passing(pair, frames=arps(ARP_REPLY), expected=COUNT) == COUNT


def test_arp_loss_of_a_share(pair: Testbed) -> None:
    sent = 3000
    with ArpLoss(pair, pair.slave_cable(0), percent=30) as fault:
        came = passing(pair, frames=arps(ARP_REQUEST, sent), expected=1)
    # Binomial: mean 2100, standard deviation 25. Six of them: one false alarm in 500 million runs.
    assert abs(came - 0.7 * sent) < 6 * (sent * 0.3 * 0.7) ** 0.5
    assert fault.swallowed == sent - came


def test_bad_arp_loss(pair: Testbed) -> None:
    with pytest.raises(LabError, match="101 percent"):
        ArpLoss(pair, pair.slave_cable(0), percent=101)
    with pytest.raises(LabError, match="announce"):
        ArpLoss(pair, pair.slave_cable(0), "announce")  # type: ignore[arg-type]


def test_faults_coexist(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    with ArpLoss(pair, cable), Blackhole(pair, cable, from_node="peer"):
        assert passing(pair, expected=COUNT) == COUNT
        assert passing(pair, frames=arps(ARP_REQUEST)) == 0
        assert passing(pair, back=True) == 0
    assert passing(pair, frames=arps(ARP_REQUEST), expected=COUNT) == COUNT


def test_power_off(star: Testbed) -> None:
    switch, host = star.switch("switch_a"), star.host("host")
    deliver((host, "eth0"), (star.host("peer"), "eth0"), [probe(1, SOURCE)], 1)
    assert switch.mac_table()
    pulled = star.slave_cable(3)
    pulled.pull()
    with PowerOff(star, switch):
        assert not any(host.interfaces.carrier(nic) for nic in host.nics)
        assert not star.host("peer").interfaces.carrier("eth0")
        assert switch.mac_table() == ()
    assert [host.interfaces.carrier(nic) for nic in host.nics] == [True, True, True, False]
    assert switch.mac_table() == ()
    pulled.plug()
    assert deliver((host, "eth0"), (star.host("peer"), "eth0"), [probe(1, SOURCE)], 1) == {1: 1}


@pytest.mark.parametrize("by", ["plug", "admin"])
def test_forwarding_delay(pair: Testbed, by: str) -> None:
    host, peer, cable = pair.host("host"), pair.host("peer"), pair.slave_cable(0)
    delay_ms = 80
    with ForwardingDelay(pair, cable, delay_ms) as fault, ear(peer, "eth0") as sock:
        assert passing(pair, expected=COUNT) == COUNT  # what is up already is not disturbed
        heard([sock], COUNT)
        if by == "plug":
            cable.pull()
            linked_at = cable.plug()
        else:
            host.interfaces.set_up("eth0", False)
            eventually(lambda: not peer.interfaces.carrier("eth0"), within=1)
            linked_at = time.monotonic()
            host.interfaces.set_up("eth0", True)
            eventually(lambda: host.interfaces.ready("eth0"), within=0.05, every=0.001)
        assert host.interfaces.carrier("eth0")
        with host.packet_socket("eth0", 0) as out:
            first = first_arrival(out.send, sock.recv)
        (released_at,) = eventually(lambda: fault.forwarding_at, within=1)  # noted just after the release
        assert delay_ms - 1 <= (released_at - linked_at) * 1e3 <= delay_ms + 50
        assert released_at - 0.005 <= first <= released_at + 0.05


def first_arrival(send: Callable[[bytes], int], receive: Callable[[int], bytes]) -> float:
    """Send until something arrives; when that was, in monotonic seconds."""

    def once() -> float:
        send(probe(12345, SOURCE))
        try:
            while number_of(receive(4096)) != 12345:
                continue
        except BlockingIOError:
            return 0.0
        return time.monotonic()

    return eventually(once, within=2, every=0.0005)


def test_each_link_up_is_delayed_anew(pair: Testbed) -> None:
    cable = pair.slave_cable(0)
    with ForwardingDelay(pair, cable, 100) as fault:
        for _ in range(3):
            cable.pull()
            linked_at = cable.plug()
        eventually(lambda: fault.forwarding_at, within=1)
        assert passing(pair, expected=COUNT) == COUNT
        (released_at,) = fault.forwarding_at
        assert released_at - linked_at >= 0.099
