"""Interfaces of another namespace, asked and set by ioctl: microseconds, no process, no thread.

A socket stays in the namespace it was opened in, whichever thread uses it.
"""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
from pathlib import Path

from lab.netns import in_namespace

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCETHTOOL = 0x8913, 0x8914, 0x8927, 0x8933, 0x8946
ETHTOOL_GLINK, ETHTOOL_STXCSUM = 0x0A, 0x17
IFF_UP, IFF_RUNNING = 0x1, 0x40


class Interfaces:
    """The interfaces of the network namespace of process `pid`, by name. Every method may raise OSError.

    Or of the namespace that is mounted on `file`.
    """

    def __init__(self, pid: int, file: Path | None = None) -> None:
        self.pid = pid
        self._socket = in_namespace(file or pid, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def flags(self, name: str) -> int:
        """The IFF_ flags."""
        return int(struct.unpack_from("16sH", self._request(SIOCGIFFLAGS, name))[1])

    def exists(self, name: str) -> bool:
        """Whether there is one of that name."""
        try:
            return bool(self.index(name))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return False
            raise

    def is_up(self, name: str) -> bool:
        """Whether it is administratively up."""
        return bool(self.flags(name) & IFF_UP)

    def set_up(self, name: str, up: bool) -> None:
        """Set it administratively up or down."""
        flags = self.flags(name)
        wanted = flags | IFF_UP if up else flags & ~IFF_UP
        if wanted != flags:
            fcntl.ioctl(self._socket, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), wanted))

    def carrier(self, name: str) -> bool:
        """Whether there is a carrier, at this moment (an interface that is down has none)."""
        return bool(self._ethtool(ETHTOOL_GLINK, name))

    def leave_checksums_to_the_nic(self, name: str, leave: bool) -> None:
        """Whether the kernel leaves the checksums of what it sends to the NIC, and segmentation with them."""
        self._ethtool(ETHTOOL_STXCSUM, name, int(leave))

    def ready(self, name: str) -> bool:
        """Whether frames pass: a carrier, and the kernel has acted on it.

        After a carrier the kernel activates the transmit queue and tells the bridge in a separate work item.
        IFF_RUNNING says that the item runs; ETHTOOL_GLINK takes the lock which it holds, so it is done after.
        """
        return bool(self.flags(name) & IFF_RUNNING) and self.carrier(name)

    def mac(self, name: str) -> str:
        """Hardware address, aa:bb:cc:dd:ee:ff."""
        return self._request(SIOCGIFHWADDR, name)[18:24].hex(":")

    def index(self, name: str) -> int:
        """Interface index."""
        return int(struct.unpack_from("16si", self._request(SIOCGIFINDEX, name))[1])

    def close(self) -> None:
        """Let go of the namespace."""
        self._socket.close()

    def _ethtool(self, command: int, name: str, argument: int = 0) -> int:
        value = array.array("I", (command, argument))
        address, _ = value.buffer_info()
        fcntl.ioctl(self._socket, SIOCETHTOOL, struct.pack("16sP16x", name.encode(), address))
        return value[1]

    def _request(self, number: int, name: str) -> bytes:
        return fcntl.ioctl(self._socket, number, struct.pack("16s24x", name.encode()))
