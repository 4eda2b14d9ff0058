"""Knowing that frames in flight have arrived, without waiting for a time.

A frame crosses each virtual cable through the receive backlog of the CPU it was sent on, a first-in,
first-out queue. So a marker sent over a loopback on that CPU is received after all that was queued there.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from types import TracebackType
from typing import Self

from lab.errors import LabBroken
from lab.netns import in_namespace

EXPERIMENTAL = 0x88B5  # EtherType for local experiments (IEEE 802)
HOPS = 16  # cable ends that a frame crosses at most on its way through the largest topology
PATIENCE_S = 5.0
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


class Marker:
    """A loopback in the network namespace of process `pid`."""

    def __init__(self, pid: int) -> None:
        self._sock = in_namespace(pid, _open)
        self._count = 0

    def chase(self) -> None:
        """Return when every frame now in a backlog has moved on at least HOPS hops. Raises LabBroken."""
        cpus = os.sched_getaffinity(0)
        try:
            for _ in range(HOPS):
                for cpu in cpus:
                    os.sched_setaffinity(0, {cpu})
                    self._send_and_receive()
        finally:
            os.sched_setaffinity(0, cpus)

    def _send_and_receive(self) -> None:
        self._count += 1
        frame = bytes(12) + struct.pack("!HQ", EXPERIMENTAL, self._count) + bytes(38)
        self._sock.send(frame)
        try:
            while self._sock.recv(2048)[:22] != frame[:22]:
                pass  # a marker of a call that was interrupted
        except TimeoutError:
            raise LabBroken(f"no frame on the patch panel's loopback within {PATIENCE_S:g} s") from None

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open() -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    request = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack_from("16sh", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    sock.bind(("lo", EXPERIMENTAL))
    sock.settimeout(PATIENCE_S)
    return sock
