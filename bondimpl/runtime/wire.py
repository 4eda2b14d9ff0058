"""A slave's two packet sockets: one for frames without, one for frames with a VLAN tag.

The kernel takes an 802.1Q tag off before a packet socket sees the frame and tells it beside. Asking for that
with every frame would cost each of them; so a socket filter sends tagged frames to a socket of their own,
and only there the tag is asked for and put back.
"""

from __future__ import annotations

import array
import errno
import socket
import struct
from collections.abc import Callable

from bondimpl.errors import MachineError
from bondimpl.frames.ethernet import ETHERTYPE_VLAN
from bondimpl.runtime import tags
from bondimpl.runtime.tags import TAG

_SOL_PACKET = 263
_ADD_MEMBERSHIP, _DROP_MEMBERSHIP, _AUXDATA, _VNET_HDR, _IGNORE_OUTGOING = 1, 2, 8, 15, 23
_MR_PROMISC, _MR_ALLMULTI, _MR_UNICAST = 1, 2, 3
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE, _SO_ATTACH_FILTER = 32, 33, 26
_BUFFER_BYTES = 8 << 20
_ETH_P_ALL = 3

_LOAD_TAG_PRESENT = struct.pack("=HBBI", 0x20, 0, 0, 0xFFFFF000 + 48)  # ld vlan_avail
_SKIP_IF_TAGGED = struct.pack("=HBBI", 0x15, 1, 0, 1)  # jeq 1, skip one
_SKIP_IF_PLAIN = struct.pack("=HBBI", 0x15, 1, 0, 0)
_TAKE = struct.pack("=HBBI", 0x06, 0, 0, 0xFFFFFFFF)
_LEAVE = struct.pack("=HBBI", 0x06, 0, 0, 0)

_AUXDATA_STRUCT = struct.Struct("=IIIHHHH")
_TAG_VALID, _TPID_VALID = 0x10, 0x40
ROOM = 1 << 17
"""Bytes of a buffer that holds any frame: header, tag, 64 KiB."""


class Wire:
    """The sockets of one slave. Receives into a buffer of its own whose frames look as on the wire."""

    def __init__(self, index: int, name: str) -> None:
        """Raises MachineError."""
        opened: list[socket.socket] = []
        try:
            for tagged in (False, True):
                opened.append(_open(index, tagged=tagged))
            # The host's own list of groups does not reach a slave: it hears every group.
            everything = struct.pack("=iHH8x", index, _MR_ALLMULTI, 0)
            opened[0].setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, everything)
        except OSError as error:
            for each in opened:
                each.close()
            number = errno.errorcode.get(error.errno or 0, "EIO")
            raise MachineError(f"{name}: cannot open a packet socket: {error.strerror}", number) from error
        self.plain, self.tagged = opened
        self._index, self._name = index, name

    def set_promiscuous(self, on: bool) -> None:
        """Receive frames to any address, or no longer. Raises MachineError."""
        self._set(self.plain, struct.pack("=iHH8x", self._index, _MR_PROMISC, 0), on)

    def set_all_multicast(self, on: bool) -> None:
        """Receive frames to any group because the bond does, or no longer. Raises MachineError.

        A socket's memberships of a kind count once: this one is the other socket's, so that it can be seen.
        """
        self._set(self.tagged, struct.pack("=iHH8x", self._index, _MR_ALLMULTI, 0), on)

    def pass_filter(self, on: bool) -> None:
        """One VLAN more, or less, is to pass a NIC that filters by VLANs. Raises MachineError.

        No call puts an id into a NIC's filter, but a promiscuous NIC has none.
        """
        self._set(self.tagged, struct.pack("=iHH8x", self._index, _MR_PROMISC, 0), on)

    def set_hears(self, mac: bytes, on: bool) -> None:
        """Receive frames to this address (6 bytes), too, or no longer. Raises MachineError."""
        self._set(self.plain, struct.pack("=iHH6s2x", self._index, _MR_UNICAST, len(mac), mac), on)

    def _set(self, member: socket.socket, request: bytes, on: bool) -> None:
        try:
            member.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP if on else _DROP_MEMBERSHIP, request)
        except OSError as error:
            number = errno.errorcode.get(error.errno or 0, "EIO")
            text = f"{self._name}: cannot change what addresses it hears: {error.strerror}"
            raise MachineError(text, number) from error

    def close(self) -> None:
        """Memberships end with the sockets."""
        self.plain.close()
        self.tagged.close()


Tagged = tuple[int, int, int, int]
"""Of a frame that was read late: bytes of header and frame, EtherType of its tag (0: there was none), what
the tag says, and whom it is for (`TO_US`, `TO_OTHER`, or other numbers for many)."""
TO_US, TO_OTHER = 0, 3


def late_receiver(wire: socket.socket, buffer: memoryview) -> Callable[[], Tagged]:
    """Receives a frame without its tag, as `tags.put` wants it in `buffer`."""
    late = [buffer[TAG:]]
    space = socket.CMSG_SPACE(_AUXDATA_STRUCT.size)
    receive = wire.recvmsg_into

    def receive_late() -> Tagged:
        count, extras, _, sender = receive(late, space)
        status, _, _, _, _, tag, kind = _AUXDATA_STRUCT.unpack(extras[0][2])
        if not status & _TAG_VALID:
            return count, 0, 0, sender[2]
        kind = kind if status & _TPID_VALID else ETHERTYPE_VLAN
        return count, kind, tag, sender[2]

    return receive_late


def tagged_receiver(wire: socket.socket, buffer: bytearray) -> Callable[[bytearray], int]:
    """Like `wire.recv_into(buffer)`, with the tag back in its place."""
    whole = memoryview(buffer)
    receive = late_receiver(wire, whole)

    def receive_into(_buffer: bytearray) -> int:
        count, kind, tag, _ = receive()
        if not kind:
            whole[:count] = whole[TAG : TAG + count]
            return count
        tags.put(whole, tag, kind)
        return count + TAG

    return receive_into


def _open(index: int, *, tagged: bool) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        wire.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        wire.setsockopt(_SOL_PACKET, _VNET_HDR, 1)
        if tagged:
            wire.setsockopt(_SOL_PACKET, _AUXDATA, 1)
        wire.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        wire.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _BUFFER_BYTES)
        steps = (_LOAD_TAG_PRESENT, _SKIP_IF_PLAIN if tagged else _SKIP_IF_TAGGED, _TAKE, _LEAVE)
        program = array.array("B", b"".join(steps))
        filter_ = struct.pack("@HP", len(steps), program.buffer_info()[0])
        wire.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
        _bind(wire, index)
        # A socket bound to an interface that is down keeps ENETDOWN for the next call; nobody needs it.
        wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError:
        wire.close()
        raise
    return wire


def _bind(wire: socket.socket, index: int) -> None:
    # Python binds by name only, which may have been changed since the interface was looked up.
    wire.bind((socket.if_indextoname(index), _ETH_P_ALL))
