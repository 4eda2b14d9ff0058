"""Another Linux host as the switch (HOWTO section 6)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import PEER_IP, Bonding, StreamMaker, Testbed, behaviour, needs
from testcases.lacpdus import heard, told
from testcases.modes import SPREADING
from testcases.section_12_high_availability.bulk import transfer
from testcases.wire import Wire

BULK = 20_000_000


def is_ip(frame: bytes) -> bool:
    """Whether it carries IPv4."""
    return frames.ethertype(frame) == frames.ETH_IP


def ping_and_transfer(bed: Testbed, wire: Wire) -> tuple[set[str], set[str]]:
    """Ping, then 20 MB by TCP each way. The NICs by which IP left, and those on which it came in.

    Verify: every ping is answered; the bytes arrive, but for those in buffers when iperf3 stops counting.
    """
    host, peer = bed.host("host"), bed.host("peer")
    wire.mark()
    # Ping waits for the last answer as long as between two questions.
    answers = host.run(["ping", "-c", "4", "-i", "0.25", "-W", "1", PEER_IP]).stdout
    assert "4 packets transmitted, 4 received" in answers
    for direction in ((), ("--reverse",)):
        assert transfer(host, peer, PEER_IP, "--bytes", str(BULK), *direction).received > BULK / 2
    return set(wire.shares(is_ip)), set(wire.arrivals(is_ip))


@behaviour("6.switch.may-be-a-host")
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, switch=False)
def test_two_hosts_back_to_back(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: bonds of one mode on both ends of two cables; ping, then 20 MB by TCP each way.

    Verify: all arrives; both ways, over both cables, or in balance-xor over the one for the two addresses.
    """
    bonded(mode, miimon=100)
    used = {"eth0"} if mode == "balance-xor" else {"eth0", "eth1"}
    assert ping_and_transfer(bed, wire) == (used, used)


@behaviour("6.switch.may-be-a-host")
@needs(slaves=2, switch=False)
def test_two_hosts_with_lacp_back_to_back(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: 802.3ad bonds on both ends of two cables; ping, then 20 MB by TCP each way.

    Verify: all arrives, each way over one cable, the one for the two addresses; both cables are in one
    aggregator, both ends carry, and each names the other as its partner.
    """
    bond = bonded("802.3ad", miimon=100)
    sent, received = ping_and_transfer(bed, wire)
    assert len(sent) == len(received) == 1
    wire.since_s = 0.0
    for nic in ("eth0", "eth1"):
        ours, theirs = told(wire, nic)[-1], heard(wire, nic)[-1]
        assert ours.carries
        assert theirs.carries
        assert (ours.partner.system, theirs.partner.system) == (theirs.actor.system, ours.actor.system)
    ad = bond.status().ad
    assert ad is not None
    assert ad.aggregator is not None
    assert (ad.aggregator.ports, ad.aggregator.partner_mac) == (2, bed.host("peer").mac("bond0"))


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
