"""The few things that ifenslave does to an interface itself, by ioctl as the old tool did."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct

from bondimpl.errors import MachineError

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCGIFADDR, _SIOCSIFADDR = 0x8913, 0x8914, 0x8915, 0x8916
_IFF_UP = 0x1


def is_up(name: str) -> bool:
    """Whether it is administratively up. Raises MachineError (ENODEV when there is no such interface)."""
    return bool(_flags(name) & _IFF_UP)


def set_up(name: str, up: bool) -> None:
    """Raises MachineError."""
    flags = _flags(name) & ~_IFF_UP | (_IFF_UP if up else 0)
    _ioctl(_SIOCSIFFLAGS, name, struct.pack("=H", flags), f"cannot be brought {'up' if up else 'down'}")


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


def _flags(name: str) -> int:
    answer = _ioctl(_SIOCGIFFLAGS, name, bytes(2), "its flags cannot be read")
    return int(struct.unpack_from("=H", answer, 16)[0])


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
