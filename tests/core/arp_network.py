"""Networks around a bond whose ARP monitor is watched: segments, peers that answer, noise; virtual time.

Targets may be of both kinds: IPv6 peers answer neighbour solicitations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from bondimpl.frames import arp, ethernet, ndisc
from bondimpl.frames.ethernet import ETHERTYPE_IPV6
from bondimpl.machine import HostAddress, HostIpv6
from bondimpl.slave import Link
from tests.core.world import World, mac

OWN = IPv4Address("10.0.0.1")
PEER = IPv4Address("10.0.0.2")
OTHER = IPv4Address("10.0.0.3")
STRANGER = IPv4Address("10.0.0.9")
OWN_6 = IPv6Address("fd00::1")
PEER_6 = IPv6Address("fd00::2")
OTHER_6 = IPv6Address("fd00::3")
LATENCY_MS = 0.2


def advertisement(sender: IPv6Address, mac: bytes, receiver: IPv6Address, dst: bytes) -> bytes:
    """A solicited answer that `sender` is at `mac`, to `receiver` at `dst`."""
    body = bytes([ndisc.ADVERTISEMENT, 0, 0, 0, 0x60, 0, 0, 0]) + sender.packed + b"\x02\x01" + mac
    return ethernet.build(dst, mac, ETHERTYPE_IPV6, ndisc.icmp(sender, receiver, body))


class ArpNetwork:
    """A bond with 10.0.0.1 and fd00::1 whose slaves hang on segments; `peers` answer on every segment."""

    def __init__(
        self,
        mode: str,
        *,
        shared: bool = False,
        slaves: int = 2,
        interval: int = 200,
        targets: Sequence[IPv4Address | IPv6Address] = (PEER,),
        era_name: str = "howto",
        settle_ms: float = 2000,
        **options: Any,
    ) -> None:
        """`shared`: one segment for all slaves, else one each. The peers that are targets are alive."""
        self.world = World(
            mode,
            slaves=0,
            era_name=era_name,
            arp_interval=str(interval),
            arp_ip_target=",".join(str(target) for target in targets if target.version == 4),
            ns_ip6_target=",".join(str(target) for target in targets if target.version == 6),
            **options,
        )
        self.world.machine.addresses = (HostAddress(OWN),)
        self.world.machine.ipv6_addresses = (HostIpv6(OWN_6),)
        self.world.machine.cable = self._sent
        self.peers = {target: mac(0x80 + i) for i, target in enumerate(targets)}
        """Who answers, with what address."""
        self.shared = shared
        self.broken: set[str] = set()
        """Slaves whose cable swallows everything, carrier kept."""
        self.deaf: set[str] = set()
        """Slaves that nothing comes in by."""
        self.heard: list[str] = []
        """The slaves of frames that the bond's host would have got."""
        self._learnt: dict[bytes, str] = {}
        for i in range(slaves):
            self.world.enslave(f"eth{i}")
        self.run(settle_ms)

    @property
    def clock(self) -> float:
        """Now, in ms."""
        return self.world.clock.now()

    def run(self, duration_ms: float) -> None:
        """Let time pass."""
        self.world.run(duration_ms)

    def probes(self) -> list[tuple[str, bytes]]:
        """What the bond has sent; forgets it."""
        sent, self.world.machine.sent = self.world.machine.sent, []
        return sent

    def failures(self) -> list[int]:
        """Of each slave."""
        return [slave.failures for slave in self.world.bond.slaves.values()]

    def until_lost(self, slave: str, within_ms: float = 5000) -> float:
        """Until the slave is up no more; how many ms that took."""
        return self.world.until(lambda: self.world.link(slave) is not Link.UP, within_ms)

    def links(self) -> list[str]:
        """Of each slave, as /proc has it."""
        return [slave.link.value for slave in self.world.bond.slaves.values()]

    def noise(self, kind: str, period_ms: float = 50) -> None:
        """From now on a stranger broadcasts `arp`, `ip` or `ip6` frames on every segment."""
        if kind == "arp":
            frame = arp.request(STRANGER, mac(0x99), IPv4Address("10.0.0.77"))
        elif kind == "ip6":
            frame = ethernet.build(b"\x33\x33" + bytes(4), mac(0x99), ETHERTYPE_IPV6, b"\x60" + bytes(59))
        else:
            frame = ethernet.build(ethernet.BROADCAST, mac(0x99), 0x0800, bytes(46))
        self._to_all(frame)
        self.world.clock.call_at(self.clock + period_ms, partial(self.noise, kind, period_ms))

    def receive(self, slave: str, frame: bytes) -> None:
        """A frame comes in by a slave."""
        if slave not in self.world.bond.slaves:
            return
        if slave in self.broken | self.deaf or not self.world.machine.nics[slave].cable:
            return
        nic = self.world.machine.nics[slave]
        nic.traffic = replace(nic.traffic, last_rx_ms=self.clock)
        kind = frame[16:18] if frame[12:14] == b"\x81\x00" else frame[12:14]
        wanted = {punt.ethertype.to_bytes(2, "big") for punt in self.world.plan.punt}
        if kind in wanted:
            self.world.bond.frame_from_slave(slave, frame)
        if slave in self.world.plan.accept:
            self.heard.append(slave)

    def _sent(self, slave: str, frame: bytes) -> None:
        if slave in self.broken or not self.world.machine.nics[slave].cable:
            return
        self._later(self._on_segment, slave, frame)

    def _on_segment(self, slave: str, frame: bytes) -> None:
        self._learnt[frame[6:12]] = slave
        for other in self._neighbours(slave):
            self.receive(other, frame)
        answer = self._answer(frame)
        if answer is not None:
            self._later(self._answered, slave, answer)

    def _answer(self, frame: bytes) -> bytes | None:
        question = arp.decode(frame)
        if question is not None and question.operation == arp.REQUEST and question.target in self.peers:
            peer = self.peers[question.target]
            return arp.reply(question.target, peer, question.sender, question.sender_mac)
        for target, peer in self.peers.items():
            if isinstance(target, IPv6Address) and frame[:6] == ndisc.group_mac(ndisc.solicited_node(target)):
                asked = ndisc.decode(frame)
                assert asked is not None
                return advertisement(target, peer, asked.sender, frame[6:12])
        return None

    def _answered(self, asker: str, frame: bytes) -> None:
        self.receive(self._learnt.get(frame[:6], asker) if self.shared else asker, frame)

    def _neighbours(self, slave: str) -> list[str]:
        return [s for s in self.world.bond.slaves if s != slave] if self.shared else []

    def _to_all(self, frame: bytes) -> None:
        for slave in list(self.world.bond.slaves):
            self.receive(slave, frame)

    def _later(self, what: object, *arguments: object) -> None:
        assert callable(what)
        self.world.clock.call_at(self.clock + LATENCY_MS, partial(what, *arguments))
