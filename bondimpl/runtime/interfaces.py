"""The one thing that ifenslave does to an interface itself, by ioctl as the old tool did."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct

from bondimpl.errors import MachineError

_SIOCGIFADDR, _SIOCSIFADDR = 0x8915, 0x8916


def clear_address(name: str) -> None:
    """Take away its IPv4 address, when it has one. Raises MachineError."""
    try:
        _ioctl(_SIOCGIFADDR, name, bytes(16), "")
    except MachineError as error:
        if error.errno == "EADDRNOTAVAIL":
            return
        raise
    none = struct.pack("=HH4s8x", socket.AF_INET, 0, bytes(4))
    _ioctl(_SIOCSIFADDR, name, none, "its address cannot be cleared")


def _ioctl(request: int, name: str, argument: bytes, failure: str) -> bytes:
    encoded = name.encode()
    if len(encoded) > 15:
        raise MachineError(f"{name}: there is no such interface", "ENODEV")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            return fcntl.ioctl(any_socket, request, struct.pack("16s24s", encoded, argument))
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise MachineError(f"{name}: there is no such interface", "ENODEV") from error
            number = errno.errorcode.get(error.errno or 0, "EIO")
            raise MachineError(f"{name}: {failure}: {error.strerror}", number) from error
