"""Which slave each peer sends to: a table of 256 clients (HOWTO section 2, `mode`, balance-alb)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from ipaddress import IPv4Address
from operator import xor

from bondimpl.balance.transmit import mbit
from bondimpl.frames.arp import Arp
from bondimpl.frames.ethernet import BROADCAST, is_unicast
from bondimpl.slave import Slave


@dataclass(slots=True)
class Client:
    """A peer at `address` (`mac`, as far as known) that knows the host as `own`.

    `told_mac`: what the host's stack takes for its own address. `due`: the peer is to be told its slave.
    """

    own: IPv4Address
    address: IPv4Address
    mac: bytes
    told_mac: bytes
    slave: Slave | None
    vlan: int | None
    due: bool = False

    @property
    def reachable(self) -> bool:
        """Whether its hardware address is known."""
        return is_unicast(self.mac)


class ClientTable:
    """Clients by the XOR of the bytes of their address; one that falls on another's place takes it."""

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}
        self._last: Slave | None = None

    def __iter__(self) -> Iterator[Client]:
        """The latest place to be taken comes first, as in the driver."""
        return reversed(self._clients.values())

    def next_slave(self, slaves: Sequence[Slave]) -> Slave | None:
        """The next of the fastest of these, in turn."""
        start = slaves.index(self._last) + 1 if self._last in slaves else 0
        chosen = max((*slaves[start:], *slaves[:start]), key=mbit, default=None)
        self._last = chosen or self._last
        return chosen

    def start_over(self) -> None:
        """Slaves take turns from the first one on."""
        self._last = None

    def find(self, packet: Arp) -> Client | None:
        """The client that an ARP packet of the host is meant for, told what the packet says of it."""
        client = self.at(packet.target)
        if client is None or (client.own, client.address) != (packet.sender, packet.target):
            return None
        if packet.target_mac != BROADCAST:
            client.mac = packet.target_mac
        client.told_mac = packet.sender_mac
        return client

    def at(self, address: IPv4Address) -> Client | None:
        """The client that has the place of this address."""
        return self._clients.get(_place(address))

    def add(self, packet: Arp, slave: Slave, vlan: int | None) -> Client:
        """The client that an ARP packet of the host is meant for belongs to this slave from now on."""
        client = Client(packet.sender, packet.target, packet.target_mac, packet.sender_mac, slave, vlan)
        self._clients[_place(packet.target)] = client
        return client

    def answered(self, packet: Arp) -> Client | None:
        """The client from which this ARP reply comes, when its hardware address is news."""
        client = self.at(packet.sender)
        if client is None or (client.own, client.address) != (packet.target, packet.sender):
            return None
        if client.mac == packet.sender_mac:
            return None
        client.mac = packet.sender_mac
        return client

    def forget_own(self, packet: Arp) -> None:
        """Somebody else uses the packet's sender address: if it was the host's, that is over."""
        for place, client in list(self._clients.items()):
            if client.own == packet.sender and client.told_mac != packet.sender_mac:
                del self._clients[place]


def _place(address: IPv4Address) -> int:
    return reduce(xor, address.packed)
