"""Counted frames from the bond to many peers, and which slaves carried them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lab import frames
from lab.cases import HOST_IP, BondHandle, eventually, send_frames
from testcases.wire import Wire

BURST_FLOW = 0xB0
"""Number of the flow that the frames of a burst say they are of; streams count from 1."""
NOBODY_IP = "10.0.0.99"
"""Where bursts go: a peer's own address would be answered, and an answer takes a turn in balance-rr, too."""
BATCH = 200
"""Frames sent in one go: fewer than any transmit queue holds."""
CARRIED_S = 3.0


def nic_by_xor(bond: BondHandle, peers: Sequence[str], slaves: int) -> dict[str, set[str]]:
    """Where the HOWTO sends frames to these MACs: (source XOR destination) modulo the slave count."""
    source = int.from_bytes(frames.mac_bytes(bond.host.mac(bond.name)), "big")
    return {
        peer: {bond.host.nics[(source ^ int.from_bytes(frames.mac_bytes(peer), "big")) % slaves]}
        for peer in peers
    }


def peers_like(mac: str, count: int = 16) -> list[str]:
    """Addresses that differ from `mac` in their last byte only, which runs from 0 to `count` - 1."""
    return [f"{mac[:-2]}{number:02x}" for number in range(count)]


def numbered(bond: BondHandle, destinations: Sequence[str], count: int, size: int = 100) -> list[bytes]:
    """`count` probes of `size` bytes, numbered from 0, to the destinations (MACs) in turn."""
    source = bond.host.mac(bond.name)
    return [
        frames.udp(
            destinations[number % len(destinations)],
            source,
            HOST_IP,
            NOBODY_IP,
            frames.probe_payload(BURST_FLOW, number, size - 14 - 20 - 8),
        )
        for number in range(count)
    ]


def number_of(frame: bytes) -> int:
    """Which one of its burst the frame is."""
    found = frames.probe(frame)
    assert found is not None, "no frame of a burst"
    return found.sequence


def is_of_burst(frame: bytes) -> bool:
    """Whether it is a frame of a burst."""
    found = frames.probe(frame)
    return found is not None and found.flow == BURST_FLOW


def carried(wire: Wire, bond: BondHandle, burst: Sequence[bytes], copies: int = 1) -> dict[str, list[bytes]]:
    """Send the burst; the frames by the NIC that carried them, each list in order of time.

    Raises TimeOut unless at least `copies` of every frame leave the host.
    """
    wire.mark()
    for begin in range(0, len(burst), BATCH):
        batch = burst[begin : begin + BATCH]
        send_frames(bond.host, bond.name, batch)
        _wait_carried(wire, copies * (begin + len(batch)))
    return by_nic(wire)


def _wait_carried(wire: Wire, count: int) -> None:
    eventually(
        lambda: sum(wire.shares(is_of_burst).values()),
        CARRIED_S,
        until=lambda seen: seen >= count,
        what=f"{count} frames of the burst leave by the slaves",
    )


def by_nic(wire: Wire) -> dict[str, list[bytes]]:
    """The frames of bursts since the mark, by the NIC that carried them; NICs without any are left out."""
    nics = wire.shares(is_of_burst)
    return {nic: [seen.data for seen in wire.left_by(nic, is_of_burst)] for nic in nics}


def nic_of_peer(carried_by: dict[str, list[bytes]]) -> dict[str, set[str]]:
    """The NICs that carried frames to each destination address."""
    found: dict[str, set[str]] = defaultdict(set)
    for nic, burst in carried_by.items():
        for frame in burst:
            found[frames.dst_mac(frame)].add(nic)
    return dict(found)
