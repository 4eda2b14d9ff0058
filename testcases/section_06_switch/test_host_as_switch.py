"""Another Linux host as the switch (HOWTO section 6)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import PEER_IP, Bonding, StreamMaker, Testbed, behaviour, needs
from testcases.modes import SPREADING
from testcases.section_12_high_availability.bulk import transfer
from testcases.wire import Wire

BULK = 20_000_000


def is_ip(frame: bytes) -> bool:
    """Whether it carries IPv4."""
    return frames.ethertype(frame) == frames.ETH_IP


@behaviour("6.switch.may-be-a-host")
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, switch=False)
def test_two_hosts_back_to_back(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: bonds of one mode on both ends of two cables; ping, then 20 MB by TCP each way.

    Verify: every ping is answered; the bytes arrive, but for those in buffers when iperf3 stops
    counting; both ways, over both cables. (802.3ad has cases of its own.)
    """
    bonded(mode, miimon=100)
    host, peer = bed.host("host"), bed.host("peer")
    wire.mark()
    answers = host.run(["ping", "-c", "10", "-i", "0.01", "-W", "1", PEER_IP]).stdout
    assert "10 packets transmitted, 10 received" in answers
    for direction in ((), ("--reverse",)):
        assert transfer(host, peer, PEER_IP, "--bytes", str(BULK), *direction).received > BULK / 2
    used = {"eth0"} if mode == "balance-xor" else {"eth0", "eth1"}
    assert set(wire.shares(is_ip)) == set(wire.arrivals(is_ip)) == used


@behaviour("6.group.interoperate")
@pytest.mark.parametrize("peer_mode", SPREADING)
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, switch=False)
def test_any_two_of_these_modes_work_together(
    mode: str, peer_mode: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: mode A here, mode B on the peer; numbered frames both ways.

    Verify: all arrive, exactly once, except that broadcast delivers one copy for each of its two slaves.
    """
    bonded(mode, miimon=100, peer_options={"mode": peer_mode})
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.3)
    for sender, report, carried in (
        (mode, out.report(), wire.shares()),
        (peer_mode, back.report(), wire.arrivals()),
    ):
        assert report.lost == 0
        assert report.duplicates == (report.sent if sender == "broadcast" else 0)
        assert len(carried) == (1 if sender == "balance-xor" else 2)
