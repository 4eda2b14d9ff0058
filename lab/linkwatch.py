"""Link events of many namespaces (rtnetlink), handed to whoever cares about an interface, by one thread."""

from __future__ import annotations

import errno
import select
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from lab.netns import in_namespace

NETLINK_ROUTE, RTMGRP_LINK, SO_RCVBUFFORCE = 0, 1, 33
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
NLM_F_REQUEST_DUMP = 0x301
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
QUEUE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class LinkState:
    """State of an interface as an event tells it."""

    index: int
    up: bool
    carrier: bool


class LinkWatcher:
    """A thread that calls back on every link event of the namespaces it watches.

    Callbacks run in that thread and must be quick. What they raise comes out of `close`.
    """

    def __init__(self) -> None:
        self._closed = False
        self._errors: list[Exception] = []
        self._sockets: dict[int, tuple[socket.socket, int]] = {}
        self._callbacks: dict[tuple[int, int], list[Callable[[LinkState], None]]] = defaultdict(list)
        self._epoll = select.epoll()
        self._wake, wake_end = socket.socketpair()
        self._wake_end = wake_end
        self._epoll.register(wake_end, select.EPOLLIN)
        self._thread = threading.Thread(target=self._loop, name="linkwatch", daemon=True)
        self._thread.start()

    def watch(self, pid: int) -> None:
        """Watch the namespace of process `pid` from now on; the present state comes as first events."""
        sock = in_namespace(pid, open_link_socket)
        self._sockets[sock.fileno()] = (sock, pid)
        _ask_for_all(sock)
        self._epoll.register(sock, select.EPOLLIN)

    def subscribe(self, pid: int, index: int, callback: Callable[[LinkState], None]) -> None:
        """Call back on events of the interface `index` of the namespace of `pid`. Do it before `watch`."""
        self._callbacks[pid, index].append(callback)

    def unsubscribe(self, pid: int, index: int, callback: Callable[[LinkState], None]) -> None:
        """Undo `subscribe`; a call under way may still end after this."""
        self._callbacks[pid, index].remove(callback)

    def close(self) -> None:
        """End the thread and let go of the namespaces; a second time, nothing.

        Raises ExceptionGroup of what callbacks raised.
        """
        if self._closed:
            return
        self._closed = True
        self._wake.close()
        self._thread.join()
        self._wake_end.close()
        self._epoll.close()
        for sock, _ in self._sockets.values():
            sock.close()
        self._sockets.clear()
        if self._errors:
            raise ExceptionGroup("reacting to link events", self._errors)

    def _loop(self) -> None:
        while True:
            for fd, _ in self._epoll.poll():
                if fd == self._wake_end.fileno():
                    return
                self._read(*self._sockets[fd])

    def _read(self, sock: socket.socket, pid: int) -> None:
        while True:
            try:
                data = sock.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                _ask_for_all(sock)  # events were lost: take the state from a dump
                continue
            for state in link_states(data):
                for callback in tuple(self._callbacks.get((pid, state.index), ())):
                    try:
                        callback(state)
                    except Exception as error:
                        self._errors.append(error)


def open_link_socket() -> socket.socket:
    """A socket, not blocking, that hears of every link of the calling thread's namespace. Raises OSError."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES)
    sock.bind((0, RTMGRP_LINK))
    return sock


def _ask_for_all(sock: socket.socket) -> None:
    sock.send(struct.pack("=IHHII BxHiII", 32, RTM_GETLINK, NLM_F_REQUEST_DUMP, 1, 0, 0, 0, 0, 0, 0))


def link_states(data: bytes) -> list[LinkState]:
    """The interfaces that a datagram of such a socket tells of."""
    found = []
    offset = 0
    while offset + 32 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        family, index, flags = struct.unpack_from("=BxxxiI", data, offset + 16)
        # Messages of another family (AF_BRIDGE) tell of bridge ports and carry other flags.
        if family == socket.AF_UNSPEC and kind in (RTM_NEWLINK, RTM_DELLINK):
            there = kind == RTM_NEWLINK
            found.append(
                LinkState(index, there and bool(flags & IFF_UP), there and bool(flags & IFF_LOWER_UP))
            )
        offset += (length + 3) & ~3 if length >= 16 else len(data)
    return found
