"""The bond device: a TAP that carries super-frames (up to 64 KiB, checksums unfinished), not wire frames."""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from bondimpl.errors import BondError, MachineError

DEVICE = "/dev/net/tun"
VNET_HEADER = 10
"""Bytes of `struct virtio_net_hdr` before each frame, both ways."""

_TUNSETIFF, _TUNSETOFFLOAD, _TUNSETVNETHDRSZ, _TUNSETCARRIER = 0x400454CA, 0x400454D0, 0x400454D8, 0x400454E2
_IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR, _IFF_TUN_EXCL = 0x2, 0x1000, 0x4000, 0x8000
_CSUM, _TSO4, _TSO6, _TSO_ECN, _USO4, _USO6 = 0x01, 0x02, 0x04, 0x08, 0x20, 0x40
_TCP = _CSUM | _TSO4 | _TSO6 | _TSO_ECN


class Tap:
    """An interface that lasts as long as its descriptor; at first down and without carrier."""

    def __init__(self, name: str) -> None:
        """Raises MachineError; BondError (EEXIST) when the name is taken."""
        self.name = name
        self.fd = open_device()
        try:
            self._create(name)
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

    def close(self) -> None:
        """The interface disappears."""
        os.close(self.fd)

    def _create(self, name: str) -> None:
        flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR | _IFF_TUN_EXCL
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
