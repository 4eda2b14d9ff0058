"""A NIC of another make: a TAP, whose frames go through this program to the cable of a NIC, and back.

Run as a program: `tap_nic.py TAP NIC`; the TAP is there once it has printed `ready`.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
from pathlib import Path

from lab.cases import eventually
from lab.hosts.base import Host

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x2, 0x1000
_SOL_PACKET, _IGNORE_OUTGOING, _ALL = 263, 23, 3


def add_tap(host: Host, tap: str, nic: str) -> None:
    """Give the host a TAP, down, at the cable of one of its NICs, which then does nothing else."""
    process = host.start([sys.executable, str(Path(__file__).absolute()), tap, nic])
    eventually(lambda: "ready" in process.output(), within=10.0, what="the TAP is there")


def _join(tap: str, nic: str) -> None:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", tap.encode(), _IFF_TAP | _IFF_NO_PI))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    wire.bind((nic, _ALL))
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([device, wire.fileno()], [], [])
        if device in ready:
            _try_send(wire, os.read(device, 1 << 16))
        if wire.fileno() in ready:
            _try_write(device, wire)


def _try_send(wire: socket.socket, frame: bytes) -> None:
    try:
        wire.send(frame)
    except OSError:  # a cable that is out swallows frames
        return


def _try_write(device: int, wire: socket.socket) -> None:
    try:
        os.write(device, wire.recv(1 << 16))
    except OSError:  # so does a NIC that is down
        return


if __name__ == "__main__":
    _join(*sys.argv[1:])
