"""Netlink by hand, for a handful of requests.

Importing a netlink library would take longer than the whole start of bondd.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence

from bondimpl.errors import MachineError

REQUEST = 0x1
ACK = 0x4
EXCL = 0x200
CREATE = 0x400
DUMP = 0x300

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_NOOP, _ERROR, _DONE = 1, 2, 3
_NESTED = 0x8000
_RECEIVE_BYTES = 1 << 15
_PATIENCE = struct.pack("@ll", 5, 0)

Message = tuple[int, bytes]
"""Type and body."""


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds others."""
    return attribute(kind | _NESTED, b"".join(attributes))


def string(kind: int, text: str) -> bytes:
    """An attribute with a text that ends in a zero byte."""
    return attribute(kind, text.encode() + b"\0")


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes of a message by kind; the last of a kind wins."""
    found = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def text(value: bytes) -> str:
    """The text of a string attribute."""
    return value.rstrip(b"\0").decode(errors="replace")


class Netlink:
    """A netlink socket for requests, or (with `groups`) for events."""

    def __init__(self, protocol: int, groups: int = 0) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.bind((0, groups))
        # The kernel answers at once; should it ever not, an error is better than a daemon that hangs.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        self._sequence = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def change(self, what: str, kind: int, body: bytes, flags: int = 0) -> None:
        """Ask for a change. Raises MachineError "`what`: reason" with the errno of the refusal."""
        sequence = self._send([(kind, REQUEST | ACK | flags, body)])
        for _ in self._answers(what, sequence):
            continue

    def batch(self, what: str, messages: Sequence[tuple[int, int, bytes]]) -> None:
        """Ask for (type, flags, body) changes in one transaction. Raises MachineError.

        Those flagged ACK are answered.
        """
        first = self._send(messages)
        for number, (_, flags, _body) in enumerate(messages):
            if flags & ACK:
                for _ in self._answers(what, first + number):
                    continue

    def query(self, what: str, kind: int, body: bytes, flags: int = 0) -> list[Message]:
        """Everything that is answered (with DUMP: all objects). Raises MachineError."""
        sequence = self._send([(kind, REQUEST | (flags or ACK), body)])
        return list(self._answers(what, sequence))

    def events(self) -> Iterator[Message]:
        """What has arrived, without waiting. Raises OSError (ENOBUFS) when events were lost."""
        while True:
            try:
                data = self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            for kind, _, body in _split(data):
                yield kind, body

    def _send(self, messages: Iterable[tuple[int, int, bytes]]) -> int:
        first = self._sequence + 1
        packed = []
        for kind, flags, body in messages:
            self._sequence += 1
            padding = bytes(-len(body) % 4)
            header = _HEADER.pack(16 + len(body), kind, REQUEST | flags, self._sequence, 0)
            packed += [header, body, padding]
        self._socket.send(b"".join(packed))
        return first

    def _answers(self, what: str, sequence: int) -> Iterator[Message]:
        while True:
            try:
                data = self._socket.recv(_RECEIVE_BYTES)
            except OSError as error:
                raise MachineError(f"{what}: no answer from the kernel ({error})", "EIO") from error
            for kind, answered, body in _split(data):
                if answered != sequence or kind == _NOOP:
                    continue
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    code = -struct.unpack_from("=i", body)[0]
                    if code:
                        name = errno.errorcode.get(code, "EIO")
                        raise MachineError(f"{what}: {os.strerror(code)}", name)
                    return
                yield kind, body


def _split(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, sequence, body) of each message."""
    at = 0
    while at + 16 <= len(data):
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
        if length < 16:
            return
        yield kind, sequence, data[at + 16 : at + length]
        at += (length + 3) & ~3
