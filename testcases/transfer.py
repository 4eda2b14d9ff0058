"""A TCP transfer between two hosts that lasts as long as wanted and is checked at its end.

Run as a program it is one side: `transfer.py receive ADDRESS` or `transfer.py send ADDRESS`. The sender goes
on until SIGTERM. Both print the number of bytes and their SHA-256.
"""

from __future__ import annotations

import hashlib
import random
import signal
import socket
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.cases import eventually
from lab.hosts.base import Host, Process

PORT = 9002
CHUNK = 16 << 10
PAUSE_S = 0.005
LISTENING = "listening"


class Transfer:
    """`with Transfer(host, peer, PEER_IP) as transfer: ...; sent, received = transfer.finish()`."""

    def __init__(self, source: Host, target: Host, address: str) -> None:
        self._receiver = self._start(target, "receive", address)
        eventually(lambda: LISTENING in self._receiver.output(), within=10.0, what="the receiver listens")
        self._sender = self._start(source, "send", address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self._sender, self._receiver):
            if process.poll() is None:
                process.stop(within_s=0.0)

    def finish(self, within_s: float = 10.0) -> tuple[str, str]:
        """End it; what was sent and what was received, as bytes and digest."""
        assert self._sender.poll() is None, f"the sender gave up: {self._sender.output()}"
        assert self._sender.stop(within_s) == 0, self._sender.output()
        eventually(lambda: self._receiver.poll() is not None, within_s, what="the receiver has everything")
        return _last_line(self._sender), _last_line(self._receiver)

    @staticmethod
    def _start(host: Host, *arguments: str) -> Process:
        return host.start([sys.executable, str(Path(__file__).absolute()), *arguments])


def _last_line(process: Process) -> str:
    return process.output().strip().rpartition("\n")[2]


def _receive(address: str) -> None:
    digest, count = hashlib.sha256(), 0
    with socket.create_server((address, PORT)) as server:
        print(LISTENING, flush=True)
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(CHUNK):
                digest.update(data)
                count += len(data)
    print(count, digest.hexdigest(), flush=True)


def _send(address: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    digest, count = hashlib.sha256(), 0
    data = random.Random(1)
    with socket.create_connection((address, PORT)) as connection:
        while not stop.wait(PAUSE_S):
            chunk = data.randbytes(CHUNK)
            connection.sendall(chunk)
            digest.update(chunk)
            count += len(chunk)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # until the receiver has closed, too
    print(count, digest.hexdigest(), flush=True)


if __name__ == "__main__":
    {"receive": _receive, "send": _send}[sys.argv[1]](sys.argv[2])
