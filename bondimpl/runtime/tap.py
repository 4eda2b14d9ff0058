"""The bond device: a TAP that carries super-frames (up to 64 KiB, checksums unfinished), not wire frames."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import ExitStack

from bondimpl.errors import BondError, MachineError
from bondimpl.runtime import steering

DEVICE = "/dev/net/tun"
VNET_HEADER = 10
"""Bytes of `struct virtio_net_hdr` before each frame, both ways."""

_TUNSETIFF, _TUNSETOFFLOAD, _TUNSETVNETHDRSZ, _TUNSETCARRIER = 0x400454CA, 0x400454D0, 0x400454D8, 0x400454E2
_TUNSETSTEERINGEBPF = 0x800454E0
_IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR, _IFF_TUN_EXCL = 0x2, 0x1000, 0x4000, 0x8000
_IFF_NO_CARRIER, _IFF_MULTI_QUEUE = 0x40, 0x100
_CSUM, _TSO4, _TSO6, _TSO_ECN, _USO4, _USO6 = 0x01, 0x02, 0x04, 0x08, 0x20, 0x40
_TCP = _CSUM | _TSO4 | _TSO6 | _TSO_ECN


class Tap:
    """An interface that lasts as long as its descriptors; at first down."""

    def __init__(self, name: str, *, carrier: bool = False, queues: bool = False) -> None:
        """`queues`: it may get more. Raises MachineError; BondError (EEXIST) when the name is taken."""
        self.name = name
        self._flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR | (_IFF_MULTI_QUEUE if queues else 0)
        self._carrier = True
        self.queues: list[int] = []
        """Descriptors of the transmit queues but the first, in order."""
        self.fd = open_device()
        try:
            self._create(name)
            if (
                not carrier
            ):  # it has one when it is made, and the kernel acts on changes once a second at most
                self.set_carrier(False)
        except BaseException:
            os.close(self.fd)
            raise

    def set_carrier(self, up: bool) -> None:
        """A device that somebody has deleted has none to set. Raises MachineError."""
        try:
            fcntl.ioctl(self.fd, _TUNSETCARRIER, struct.pack("@i", up))
        except OSError as error:
            if error.errno == errno.EBADFD:
                return
            raise _refused(f"{self.name}: cannot set carrier", error) from error
        self._carrier = up

    def open_queues(self, count: int) -> None:
        """Have so many transmit queues, all or none more. Raises MachineError."""
        if self.queues:
            return
        try:
            program = steering.load()
            with ExitStack() as done:
                done.callback(os.close, program)
                fcntl.ioctl(self.fd, _TUNSETSTEERINGEBPF, struct.pack("@i", program))
            for _ in range(count - 1):
                self._open_queue()
        except BaseException as error:
            self._close_queues()
            if isinstance(error, OSError):
                raise _refused(f"{self.name}: cannot open a transmit queue", error) from error
            raise

    def _open_queue(self) -> None:
        self.queues.append(open_device())
        # It would give the device a carrier, unless told not to (kernels before 6.0 cannot be told).
        flags = self._flags | (0 if self._carrier else _IFF_NO_CARRIER)
        fcntl.ioctl(self.queues[-1], _TUNSETIFF, struct.pack("@16sH22x", self.name.encode(), flags))
        self.set_carrier(self._carrier)

    def _close_queues(self) -> None:
        while self.queues:
            os.close(self.queues.pop())

    def close(self) -> None:
        """The interface disappears."""
        self._close_queues()
        os.close(self.fd)

    def _create(self, name: str) -> None:
        flags = self._flags | _IFF_TUN_EXCL
        try:
            fcntl.ioctl(self.fd, _TUNSETIFF, struct.pack("@16sH22x", name.encode(), flags))
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EEXIST):
                raise BondError(f"{name}: an interface of that name exists already", "EEXIST") from error
            raise _refused(f"{name}: cannot make the bond device", error) from error
        fcntl.ioctl(self.fd, _TUNSETVNETHDRSZ, struct.pack("@i", VNET_HEADER))
        self._offload()

    def _offload(self) -> None:
        try:
            fcntl.ioctl(self.fd, _TUNSETOFFLOAD, _TCP | _USO4 | _USO6)
        except OSError:  # a kernel before 6.2 has no UDP segmentation here
            fcntl.ioctl(self.fd, _TUNSETOFFLOAD, _TCP)


def open_device() -> int:
    """A descriptor of /dev/net/tun. Raises MachineError."""
    try:
        return os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        hint = (
            "load the module tun"
            if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
            else "run as root"
        )
        raise _refused(f"{DEVICE} cannot be opened ({hint})", error) from error


def _refused(what: str, error: OSError) -> MachineError:
    return MachineError(f"{what}: {error.strerror}", errno.errorcode.get(error.errno or 0, "EIO"))
