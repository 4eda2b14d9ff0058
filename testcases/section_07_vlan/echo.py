"""Pings as frames with a VLAN tag, or as a host sends them."""

from __future__ import annotations

import socket
import struct

from lab import frames
from lab.cases import BondHandle
from testcases.bounds import SLACK, seconds

_ICMP, _ECHO, _ECHO_REPLY = 1, 8, 0


def ping(bond: BondHandle, address: str, count: int = 3) -> bool:
    """Whether all of so many pings by the host are answered (twice, where every slave carries a copy)."""
    # Ping waits for the last answer as long as between two questions.
    pace = str(seconds(SLACK))
    done = bond.host.run(["ping", "-c", str(count), "-i", pace, "-W", "1", address], check=False)
    return f" {count} received" in done.stdout


def is_ping(frame: bytes) -> bool:
    """An echo request, in whatever VLAN."""
    return _kind(frame) == _ECHO


def is_reply(frame: bytes) -> bool:
    """The answer to one."""
    return _kind(frame) == _ECHO_REPLY


def request(macs: tuple[str, str], ips: tuple[str, str], vlan: int) -> bytes:
    """An echo request in the VLAN; both pairs are (sender, receiver)."""
    message = _sealed(struct.pack("!BBHHH", _ECHO, 0, 0, 7, 7) + bytes(16))
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, _ICMP, 0)
    header += socket.inet_aton(ips[0]) + socket.inet_aton(ips[1])
    header = header[:10] + struct.pack("!H", frames.checksum(header)) + header[12:]
    return frames.ethernet(macs[1], macs[0], frames.ETH_IP, header + message, vlan)


def reply(frame: bytes, macs: tuple[str, str]) -> bytes:
    """The answer to a request that has a tag; `macs` are (sender, receiver)."""
    end = 18 + int.from_bytes(frame[20:22], "big")
    header = frame[18:30] + frame[34:38] + frame[30:34]
    message = _sealed(struct.pack("!BBH", _ECHO_REPLY, 0, 0) + frame[42:end])
    return frames.ethernet(macs[1], macs[0], frames.ETH_IP, header + message, frames.vlan(frame))


def asker(frame: bytes) -> str:
    """The IP address of who sent a request that has a tag."""
    return socket.inet_ntoa(frame[30:34])


def _kind(frame: bytes) -> int | None:
    start = 14 if frames.vlan(frame) is None else 18
    if frames.ethertype(frame) != frames.ETH_IP or frame[start + 9] != _ICMP:
        return None
    return frame[start + 20]


def _sealed(message: bytes) -> bytes:
    return message[:2] + struct.pack("!H", frames.checksum(message)) + message[4:]
