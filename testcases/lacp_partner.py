"""The partner of an 802.3ad bond, be it a switch or a bond on a host: how it speaks LACP, what it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TypedDict

from lab import frames
from lab.cables import PatchCable
from lab.cases import Bonding, Lacp, Stream, StreamMaker, Testbed
from lab.faults import Impairment
from lab.switches.base import LacpMode
from testcases.bursts import carried, nic_of_peer, numbered
from testcases.strangers import strangers
from testcases.wire import Wire

PEERS = 16
"""So many that each slave carries the frames to one of them at least."""
RATE_PPS = 200
"""Of each conversation."""


class Partner(TypedDict):
    """Keywords of `bonded`: for the group of a switch, and for the bond of a peer host."""

    lacp: Lacp
    peer_options: Mapping[str, object]


def partner(mode: LacpMode = "active", *, fast: bool = True) -> Partner:
    """A partner that speaks LACP so; `fast`: it wants a LACPDU every second."""
    options = {"lacp_active": "on" if mode == "active" else "off", "lacp_rate": "fast" if fast else "slow"}
    return {"lacp": Lacp(mode, fast), "peer_options": options}


def lacp_loss(bed: Testbed, cable: PatchCable, from_node: str | None = None) -> Impairment:
    """The cable keeps its carrier, passes frames, and swallows LACPDUs (of one direction: `from_node`)."""
    return Impairment(bed, cable, "LACPDUs lost", ["ether type 0x8809 counter drop"], from_node)


@contextmanager
def conversations(bonded: Bonding, stream: StreamMaker, wire: Wire) -> Iterator[Mapping[str, Stream]]:
    """Streams from the bond, one by each slave that carries: by NIC."""
    assert bonded.bond is not None
    peers = strangers(bonded, PEERS)
    served = nic_of_peer(carried(wire, bonded.bond, numbered(bonded.bond, peers, PEERS)))
    peer_by = {nic: peer for peer, nics in served.items() for nic in nics}
    with ExitStack() as running:
        streams = {
            nic: running.enter_context(stream("out", dst_mac=peer_by[nic], rate_pps=RATE_PPS))
            for nic in sorted(peer_by)
        }
        for each in streams.values():
            each.wait_flowing()
        yield streams


def used_by(stream: Stream, wire: Wire) -> list[str]:
    """The NICs by which the frames of one stream left since the mark, in order of time."""

    def is_its_own(frame: bytes) -> bool:
        found = frames.probe(frame)
        return found is not None and found.flow == stream.probe.flow_id

    return wire.order(is_its_own)
