"""The process of a delay line. Standard library only, nothing of this project: it must start in no time.

`program.py CONTROL WAYS`: CONTROL is the descriptor of a SOCK_SEQPACKET socket, WAYS a JSON list of objects
{source, target, delay_s, jitter_s}; source is a TAP's descriptor, target that of a packet socket, both with
virtio headers and not blocking. Frames come and go as the kernel has them, super-frames (64 KiB) too.

It says {"ready": true} and works until it is told anything, or its parent is gone. Then what it holds is
handed on at once, in order, and it says what became of all: a list of `Way.told`.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import sys
import time
from collections import deque

READ = (64 << 10) + 64  # bytes: the largest super-frame, its Ethernet header, tags and virtio header
BATCH = 64  # frames of one way before it is the other's turn
HOLD = 64 << 20  # bytes that a way holds at most
QUIET_S = 0.005  # nothing has come for so long: nothing was on its way here any more


class Way:
    """One direction of the line, first in, first out."""

    def __init__(self, source: int, target: int, delay_s: float, jitter_s: float) -> None:
        self.source, self.target = source, target
        self.delay_s, self.jitter_s = delay_s, jitter_s
        self.held: deque[tuple[float, bytes]] = deque()  # when it is due, the frame
        self.held_bytes = 0
        self.passed = self.refused = self.overflowed = 0
        self.random = random.Random()

    def take(self) -> bool:
        """Take in frames that wait at the source, a batch at most; whether there were any."""
        for count in range(BATCH):
            try:
                frame = os.read(self.source, READ)
            except BlockingIOError:
                return count > 0
            if self.held_bytes + len(frame) > HOLD:
                self.overflowed += 1
                continue
            spread = self.random.uniform(-self.jitter_s, self.jitter_s) if self.jitter_s else 0.0
            self.held.append((time.monotonic() + self.delay_s + spread, frame))
            self.held_bytes += len(frame)
        return True

    def release(self, now: float) -> None:
        """Hand on what is due; nothing overtakes a frame that is not, as on any cable."""
        while self.held and self.held[0][0] <= now:
            _, frame = self.held.popleft()
            self.held_bytes -= len(frame)
            try:
                os.write(self.target, frame)
                self.passed += 1
            except OSError:  # the far end has no carrier, or its queue is full: lost, as on any cable
                self.refused += 1

    @property
    def told(self) -> dict[str, int]:
        """Frames handed on, refused by the far end, lost because the line held too many."""
        return {"passed": self.passed, "refused": self.refused, "overflowed": self.overflowed}


def work(control: socket.socket, ways: list[Way]) -> None:
    """Pass frames on until `control` can be read; then pass on what is left."""
    by_source = {way.source: way for way in ways}
    told = False
    while not told:
        due = min((way.held[0][0] for way in ways if way.held), default=None)
        left = None if due is None else max(0.0, due - time.monotonic())
        # select, not epoll: Python rounds the time that epoll waits up to milliseconds.
        ready, _, _ = select.select([control.fileno(), *by_source], (), (), left)
        for source in ready:
            if source in by_source:
                by_source[source].take()
            else:
                control.recv(64)  # left unread, it would reset the connection, and the answer with it
                told = True
        now = time.monotonic()
        for way in ways:
            way.release(now)
    while True:
        ready, _, _ = select.select(list(by_source), (), (), QUIET_S)
        for source in ready:
            by_source[source].take()
        for way in ways:
            way.release(float("inf"))
        if not ready:
            return


def main() -> None:
    """See the module."""
    control = socket.socket(fileno=int(sys.argv[1]))
    ways = [Way(**way) for way in json.loads(sys.argv[2])]
    control.send(json.dumps({"ready": True}).encode())
    work(control, ways)
    control.send(json.dumps([way.told for way in ways]).encode())


if __name__ == "__main__":
    main()
