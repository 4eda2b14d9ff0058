"""Many peers of the bond, played by one station: each has addresses of its own, and an ARP cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lab import frames
from lab.cases import HOST_IP, BondHandle, Capture, Port, Testbed, eventually, send_frames
from testcases.bounds import SLACK
from testcases.bursts import BURST_FLOW
from testcases.wire import Wire

NOWHERE_IP = "10.0.0.98"
"""Nobody has it: what arrives for it is not answered."""
REBALANCE = 10_000 + SLACK
"""ms until loads are balanced anew (not in the HOWTO): today's driver does not spread new flows before."""
DEAL_S = 10.0
"""From another slave to the updates (the catalogue's)."""
ASKED_S = 2.0
"""Until the answer to an ARP request is there."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A peer's addresses."""

    mac: str
    ip: str

    def sent(self, frame: bytes) -> bool:
        """Whether the frame is one of its."""
        return frames.src_mac(frame) == self.mac


class Neighbours:
    """`count` peers at the NIC of the station `peer`, as far as ARP and frames to the bond go.

    They hear what the cable delivers to the station, and answer no request unless told to.
    """

    def __init__(self, bed: Testbed, capture: Capture, count: int = 8) -> None:
        self._station = bed.host("peer")
        self._port = Port(self._station.name, self._station.nics[0])
        self._capture = capture
        self.all = tuple(Neighbour(mac, ip) for mac, ip in addresses(count).items())

    def send(self, burst: Sequence[bytes]) -> None:
        """Send these frames from the station."""
        send_frames(self._station, self._port.name, burst)

    def resolve(self) -> None:
        """One after the other asks for the bond's address, and is answered."""
        for one in self.all:
            since_s = self._capture.mark()
            self.send([frames.arp_request(one.mac, one.ip, HOST_IP)])
            eventually(partial(self.told, one, since_s), ASKED_S, what=f"{one.ip} gets its answer")

    def told(self, one: Neighbour, since_s: float = 0.0) -> list[str]:
        """The host's addresses that ARP has told a peer, in replies and requests; the last one last."""
        self._capture.settle()
        heard = self._capture.frames(self._port, False, since_s, partial(_tells, one))
        return [packet.sender_mac for seen in heard if (packet := frames.arp(seen.data))]

    def cache(self) -> dict[Neighbour, str]:
        """What each peer takes for the bond's hardware address."""
        return {one: self.told(one)[-1] for one in self.all}

    def arrivals(self, wire: Wire) -> dict[Neighbour, set[str]]:
        """Each peer sends a frame to the address that it has in its cache: the NICs that get it."""
        wire.mark()
        held = self.cache()
        self.send([self._datagram(one, held[one]) for one in self.all])
        everywhere = partial(self._seen, wire)
        eventually(lambda: all(everywhere().values()), ASKED_S, what="a frame of each peer arrives")
        return everywhere()

    def _seen(self, wire: Wire) -> dict[Neighbour, set[str]]:
        return {one: set(wire.arrivals(one.sent)) for one in self.all}

    def _datagram(self, one: Neighbour, to_mac: str) -> bytes:
        return frames.udp(to_mac, one.mac, one.ip, NOWHERE_IP, b"")


def addresses(count: int, apart: int = 1) -> dict[str, str]:
    """MAC and IP of so many peers; both differ in their last byte only, by `apart`."""
    return {f"02:00:00:00:cc:{n:02x}": f"10.0.0.{n}" for n in range(100, 100 + count * apart, apart)}


def to_all(bond: BondHandle, destinations: Mapping[str, str], each: int, size: int) -> list[bytes]:
    """Probes of `size` bytes from the bond, `each` to every destination (MAC and IP), to many ports."""
    source = bond.host.mac(bond.name)
    return [
        frames.udp(
            mac,
            source,
            HOST_IP,
            ip,
            frames.probe_payload(BURST_FLOW, number, size - 14 - 20 - 8),
            ports=(frames.PROBE_PORT, frames.PROBE_PORT + number),
        )
        for number in range(each)
        for mac, ip in destinations.items()
    ]


def is_learning(frame: bytes) -> bool:
    """A frame from an address to itself, by which switches learn where that is (of any EtherType)."""
    return frames.dst_mac(frame) == frames.src_mac(frame)


def _tells(one: Neighbour, frame: bytes) -> bool:
    packet = frames.arp(frame)
    return (
        packet is not None
        and packet.sender_ip == HOST_IP
        and frames.dst_mac(frame) in (one.mac, frames.BROADCAST)
    )


def wait_dealt(wire: Wire, nics: Sequence[str]) -> None:
    """Wait for the next learning frames, which the driver sends once a second: what slaves that have come up
    have changed is settled then, and switches know all addresses."""
    wire.mark()
    eventually(lambda: set(nics) <= set(wire.shares(is_learning)), within=3.0, what="learning frames leave")


def nic_of(bond: BondHandle, *nics: str) -> dict[str, str]:
    """These NICs by their present address."""
    return {bond.host.mac(nic): nic for nic in nics}
