"""bondd's end of the control socket. No client can block it: what one does not read is its own loss."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bondimpl.clock import Clock, Timer
from bondimpl.errors import BondError, MachineError
from bondimpl.events import Event
from bondimpl.runtime.loop import READ, WRITE, Loop
from bondimpl.runtime.protocol import PROTOCOL, version_of

LONGEST_LINE = 1 << 16
"""Bytes of a request."""

BACKLOG = 1 << 20
"""Bytes that wait for a client before it is hung up on."""

PAUSE_MS = 100.0
"""Until clients are let in again after the machine had nothing free for one more."""

Execute = Callable[[dict[str, Any]], Any]
Newer = Callable[[str | None, int], None]
"""Told the bond that a request of a newer client is about, and the version that it speaks."""


class ControlServer:
    """Accepts clients and hands their requests to `execute`, whose result or BondError is the reply."""

    def __init__(self, path: Path, loop: Loop, clock: Clock, execute: Execute, newer: Newer) -> None:
        """`newer` is called after each request of a client that is newer than we are.

        Raises MachineError. The caller holds the lock on `path`: a socket there is a dead one."""
        self._path = path
        self._loop = loop
        self._execute = execute
        self._newer = newer
        self._clock = clock
        self._resume: Timer | None = None
        self._clients: dict[int, _Client] = {}
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        try:
            if not _remove_socket(path):
                raise MachineError(f"cannot listen at {path}: it exists and is not a socket", "EEXIST")
            before = os.umask(0o177)
            try:
                self._socket.bind(str(path))
            finally:
                os.umask(before)
            self._socket.listen(64)
        except MachineError:
            self._socket.close()
            raise
        except OSError as error:
            self._socket.close()
            reason = error.strerror or str(error)
            raise MachineError(f"cannot listen at {path}: {reason}", _name(error)) from error
        loop.add(self._socket.fileno(), self._on_connect)

    def publish(self, event: Event) -> None:
        """Send an event to every client that monitors."""
        monitors = [client for client in self._clients.values() if client.monitors(event.bond)]
        if monitors:
            line = _encode(asdict(event))
            for client in monitors:
                client.send(line)

    def close(self) -> None:
        """Hang up and remove the socket."""
        for client in list(self._clients.values()):
            client.close()
        self._loop.remove(self._socket.fileno())
        self._socket.close()
        if self._resume is not None:
            self._resume.cancel()
        _remove_socket(self._path)

    def _on_connect(self, _events: int) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED):  # the client has gone again
                return
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS):
                raise
            # Nothing is free for the client, who waits; asking again at once would only burn the processor.
            self._loop.modify(self._socket.fileno(), 0)
            self._resume = self._clock.call_at(self._clock.now() + PAUSE_MS, self._listen_again)
            return
        connection.setblocking(False)
        self._clients[connection.fileno()] = _Client(connection, self._loop, self._answer, self._forget)

    def _listen_again(self) -> None:
        self._resume = None
        self._loop.modify(self._socket.fileno(), READ)

    def _forget(self, fd: int) -> None:
        del self._clients[fd]

    def _answer(self, client: _Client, line: bytes) -> bytes:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise BondError("a request is a JSON object")
            version = version_of(request)
            try:
                return _encode({"ok": True, "result": self._do(client, request)})
            finally:
                if version > PROTOCOL:
                    bond = request.get("bond")
                    self._newer(bond if isinstance(bond, str) else None, version)
        except BondError as error:
            return _refusal(str(error), error.errno)
        except (ValueError, RecursionError) as error:
            return _refusal(f"not a request in JSON: {error}", "EINVAL")
        except OSError as error:
            return _refusal(f"the machine refused: {error}", _name(error))
        except Exception as error:
            # A mistake of ours in one command must not take down every bond of the machine.
            traceback.print_exc(file=sys.stderr)
            return _refusal(f"internal error: {error!r}", "EIO")

    def _do(self, client: _Client, request: dict[str, Any]) -> Any:
        if request.get("command") == "monitor":
            return client.monitor(_bond_or_none(request))
        return self._execute(request)


class _Client:
    """One connection."""

    def __init__(
        self,
        connection: socket.socket,
        loop: Loop,
        answer: Callable[[_Client, bytes], bytes],
        forget: Callable[[int], None],
    ) -> None:
        self._socket = connection
        self._fd = connection.fileno()
        self._loop = loop
        self._answer = answer
        self._forget = forget
        self._received = bytearray()
        self._waiting = bytearray()
        self._monitoring = False
        self._only: str | None = None
        self._leaving = False
        loop.add(self._fd, self._on_ready)

    def monitor(self, bond: str | None) -> None:
        """From now on this client gets events."""
        self._monitoring, self._only = True, bond

    def monitors(self, bond: str) -> bool:
        """Whether it gets the events of that bond."""
        return self._monitoring and self._only in (None, bond)

    def send(self, data: bytes) -> None:
        """As much as it takes now, the rest later; too much of a rest ends the connection."""
        if self._fd < 0:
            return
        self._waiting += data
        self._flush()
        if len(self._waiting) > BACKLOG:
            self.close()

    def close(self) -> None:
        """Hang up. Harmless twice."""
        if self._fd >= 0:
            self._loop.remove(self._fd)
            self._socket.close()
            self._forget(self._fd)
            self._fd = -1

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if self._fd >= 0 and not self._leaving and events & ~WRITE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(LONGEST_LINE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._received += data
        while self._fd >= 0 and b"\n" in self._received:
            line, _, rest = self._received.partition(b"\n")
            self._received = rest
            self.send(self._answer(self, bytes(line)))
        if len(self._received) > LONGEST_LINE:
            self.send(_refusal(f"a request is at most {LONGEST_LINE} bytes long", "EMSGSIZE"))
            self._leave()
        elif not data:
            self._leave()

    def _leave(self) -> None:
        """Close once everything is sent."""
        self._leaving = True
        if self._fd >= 0:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting)]
        except BlockingIOError:
            self._loop.modify(self._fd, WRITE if self._leaving else READ | WRITE)
            return
        except OSError:
            self.close()
            return
        if self._leaving:
            self.close()
        else:
            self._loop.modify(self._fd, READ)


def _remove_socket(path: Path) -> bool:
    """False when something else is there, which is left alone. Raises OSError."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return False
    except FileNotFoundError:
        return True
    path.unlink(missing_ok=True)
    return True


def _bond_or_none(request: dict[str, Any]) -> str | None:
    bond = request.get("bond")
    if bond is not None and not isinstance(bond, str):
        raise BondError("monitor: bond must be a text")
    return bond


def _encode(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _refusal(text: str, number: str) -> bytes:
    return _encode({"ok": False, "error": " ".join(text.split()), "errno": number})


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
