"""Reading AF_PACKET sockets: kernel timestamps, VLAN tags put back, drops counted.

The constants are those of <linux/if_packet.h>, <asm-generic/socket.h>.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from dataclasses import dataclass

from lab.netns import in_namespace

SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40

RECEIVE_BUFFER = 32 << 20  # bytes: half a second of the busiest cable
SHARP_NS = 5_000  # a comparison of the clocks takes less than 1000 undisturbed
COMPARISONS = 10
_AUXDATA = struct.Struct("=IIIHHHH")  # status, len, snaplen, mac, net, vlan_tci, vlan_tpid
_TIMESPEC = struct.Struct("=qq")
_ANCILLARY = socket.CMSG_SPACE(_AUXDATA.size) + socket.CMSG_SPACE(_TIMESPEC.size)

# An interface that went down or away says so once on every socket bound to it.
INTERFACE_DOWN = frozenset({errno.ENETDOWN, errno.ENODEV, errno.ENXIO})


@dataclass(frozen=True, slots=True)
class Packet:
    """A frame read from a socket: when (monotonic seconds), its first bytes, its bytes on the wire."""

    at_s: float
    outgoing: bool
    data: bytes
    length: int


def bound_socket(pid: int, interface: str, protocol: int) -> socket.socket:
    """A non-blocking socket on an interface in the network namespace of process `pid`. Raises OSError."""

    def make() -> socket.socket:
        # Protocol 0 until bound: otherwise it would queue frames of every interface before that.
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            sock.bind((interface, protocol))
        except OSError:
            sock.close()
            raise
        return sock

    return in_namespace(pid, make)


def prepare(sock: socket.socket, *, incoming_only: bool = False) -> None:
    """Ask for timestamps, tags and a large buffer; `incoming_only`: not for what the host sends."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    if incoming_only:
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setblocking(False)


def clock_offset_ns() -> int:
    """Wall clock minus monotonic clock, in ns: the kernel stamps packets with the former."""
    width, offset = _compared_clocks()
    for _ in range(COMPARISONS):
        if width <= SHARP_NS:
            break
        # Interrupted in between: frames would seem to be earlier than others that they followed.
        width, offset = min((width, offset), _compared_clocks())
    return offset


def _compared_clocks() -> tuple[int, int]:
    """How long the comparison took, and what it gave, in ns."""
    before = time.monotonic_ns()
    wall = time.time_ns()
    after = time.monotonic_ns()
    return after - before, wall - (before + after) // 2


def receive(sock: socket.socket, snap: int, offset_ns: int) -> Packet | None:
    """The next frame, cut to `snap` bytes, or None; an interface going down is no error."""
    try:
        data, ancillary, _, address = sock.recvmsg(snap, _ANCILLARY)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno in INTERFACE_DOWN:
            # Reported once, ahead of frames that had arrived before: those are read next time.
            return receive(sock, snap, offset_ns)
        raise
    at_s, length, tag = 0.0, len(data), None
    for level, kind, value in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, length, _, _, _, tci, tpid = _AUXDATA.unpack_from(value)
            if status & TP_STATUS_VLAN_VALID:
                tag = struct.pack("!HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
        elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            at_s = (seconds * 1_000_000_000 + nanoseconds - offset_ns) / 1e9
    if tag is not None:
        data = data[:12] + tag + data[12:]
        length += len(tag)
    return Packet(at_s, address[2] == PACKET_OUTGOING, data, length)


def dropped(sock: socket.socket) -> int:
    """Frames the kernel dropped for want of buffer since the last call."""
    _, drops = struct.unpack("=II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return int(drops)
