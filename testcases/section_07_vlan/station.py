"""A station in VLANs at the peer's NIC: it answers ARP requests and pings, in the VLAN of the question."""

from __future__ import annotations

import os
import select
import threading
from functools import partial
from types import TracebackType
from typing import Self

from lab import frames, packet_io
from lab.cases import BondHandle, Testbed, TimeOut, eventually, send_frames
from testcases.section_07_vlan import echo
from testcases.wire import Wire

ANSWER_S = 0.3
"""Until the answer to one ping is there, if the network works."""
MAC = "02:00:00:00:07:01"


def host_ip(vlan: int, last: int = 1) -> str:
    """An address of the host under test in that VLAN's /24."""
    return f"10.{vlan}.0.{last}"


def station_ip(vlan: int) -> str:
    """The station's there."""
    return host_ip(vlan, 2)


def vlan_over(bond: BondHandle, vlan: int) -> str:
    """A VLAN device with the host's address there; its name."""
    device = bond.add_vlan(vlan)
    bond.host.run(["ip", "address", "add", f"{host_ip(vlan)}/24", "dev", device])
    return device


class Station:
    """Answers while its block runs: `with Station(bed, 10, 20): ...`.

    Its address in each VLAN is `station_ip`, or `address` everywhere.
    """

    def __init__(self, bed: Testbed, *vlans: int, mac: str = MAC, address: str | None = None) -> None:
        self._host = bed.host("peer")
        self._nic = self._host.nics[0]
        self._mac = mac
        self._vlans = {vlan: address or station_ip(vlan) for vlan in vlans}
        self._known: dict[tuple[int, str], str] = {}
        """Its ARP cache: hardware addresses by VLAN and IP."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._sock = self._host.packet_socket(self._nic)
        packet_io.prepare(self._sock, incoming_only=True)
        self._thread = threading.Thread(target=self._run, name="vlan-station", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._sock.close()
        os.close(self._wake)

    def is_answered(self, wire: Wire, vlan: int, mac: str) -> bool:
        """Whether the host answers a ping in the VLAN to that hardware address at once."""
        wire.mark()
        ips = self._vlans[vlan], host_ip(vlan)
        send_frames(self._host, self._nic, [echo.request((self._mac, mac), ips, vlan)])
        try:
            eventually(lambda: wire.shares(partial(answers, vlan=vlan)), ANSWER_S)
        except TimeOut:
            return False
        return True

    def asks(self, vlan: int) -> None:
        """One question, in the VLAN, by ARP for the host's address there."""
        question = frames.arp_request(self._mac, self._vlans[vlan], host_ip(vlan), vlan_id=vlan)
        send_frames(self._host, self._nic, [question])

    def _run(self) -> None:
        with select.epoll() as poller:
            poller.register(self._sock, select.EPOLLIN)
            poller.register(self._wake, select.EPOLLIN)
            while all(fd != self._wake for fd, _ in poller.poll()):
                while packet := packet_io.receive(self._sock, 2048, 0):
                    answer = self._answer(packet.data)
                    if answer is not None:
                        self._sock.send(answer)

    def _answer(self, frame: bytes) -> bytes | None:
        vlan = frames.vlan(frame)
        if vlan is None or vlan not in self._vlans:
            return None
        own_ip = self._vlans[vlan]
        asked = frames.arp(frame)
        if asked is not None:
            self._known[vlan, asked.sender_ip] = asked.sender_mac
            if not frames.is_arp_request(frame, own_ip):
                return None
            who = (asked.sender_mac, asked.sender_ip)
            return frames.arp_packet(
                frames.ARP_REPLY, (self._mac, own_ip), who, dst=asked.sender_mac, vlan_id=vlan
            )
        if frames.dst_mac(frame) != self._mac or not echo.is_ping(frame):
            return None
        # Not to where it came from: what balance-tlb sends by a backup has that one's address.
        asker = self._known.get((vlan, echo.asker(frame)))
        return echo.reply(frame, (self._mac, asker)) if asker else None


def answers(frame: bytes, vlan: int) -> bool:
    """The host's answer to a ping in that VLAN."""
    return echo.is_reply(frame) and frames.vlan(frame) == vlan
