"""Descriptors that frames are read from and written to, each with a virtio header before it."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from lab.netns import in_namespace

HOLDS = 32 << 20
"""Bytes that may be on their way from a socket."""
_NO_PROTOCOL, _SOL_PACKET, _PACKET_VNET_HDR, _SO_SNDBUFFORCE = 0, 263, 15, 32
_TUNSETIFF, _TUNSETOFFLOAD, _TUNSETIFINDEX, _TUNSETCARRIER = 0x400454CA, 0x400454D0, 0x400454DA, 0x400454E2
_TAP, _NO_PI, _VNET_HDR, _EXCLUSIVE = 0x2, 0x1000, 0x4000, 0x8000
_CHECKSUMS_AND_TCP, _UDP = 0x01 | 0x02 | 0x04 | 0x08, 0x20 | 0x40


def new_tap(pid: int, name: str, *, index: int | None = None, super_frames: bool = True) -> int:
    """Descriptor of a new TAP, down, in the namespace of `pid`; the TAP lasts as long. Raises OSError.

    index: the interface's, any by default. super_frames: of up to 64 KiB, their checksums unfinished.
    """

    def make() -> int:
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if index is not None:
                fcntl.ioctl(fd, _TUNSETIFINDEX, struct.pack("@i", index))
            flags = _TAP | _NO_PI | _VNET_HDR | _EXCLUSIVE
            fcntl.ioctl(fd, _TUNSETIFF, struct.pack("@16sH22x", name.encode(), flags))
            if super_frames:
                _offload(fd)
        except OSError:
            os.close(fd)
            raise
        return fd

    return in_namespace(pid, make)


def set_carrier(tap: int, up: bool) -> None:
    """Give a TAP a carrier, or take it away. Raises OSError."""
    fcntl.ioctl(tap, _TUNSETCARRIER, struct.pack("@i", up))


def sender(pid: int, interface: str) -> socket.socket:
    """A packet socket that sends from the interface, and hears nothing. Raises OSError."""

    def make() -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NO_PROTOCOL)
        try:
            sock.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, HOLDS)
            sock.bind((interface, _NO_PROTOCOL))
        except OSError:
            sock.close()
            raise
        return sock

    return in_namespace(pid, make)


def _offload(tap: int) -> None:
    try:
        fcntl.ioctl(tap, _TUNSETOFFLOAD, _CHECKSUMS_AND_TCP | _UDP)
    except OSError:  # a kernel before 6.2 does not know UDP's
        fcntl.ioctl(tap, _TUNSETOFFLOAD, _CHECKSUMS_AND_TCP)
