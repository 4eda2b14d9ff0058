"""The process that carries the frames, from here."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.errors import LabBroken

PROGRAM = Path(__file__).with_name("program.py")
START_S, STOP_S = 10.0, 10.0
ANSWER = 1 << 16


@dataclass(frozen=True, slots=True)
class Way:
    """One direction: from a TAP's descriptor to one that is written to; by how long it takes and varies."""

    source: int
    target: int
    delay_s: float = 0.0
    jitter_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Passage:
    """Frames of one direction: handed on, refused by the far end, lost because too many were held."""

    passed: int
    refused: int
    overflowed: int


class Carrier:
    """A process that carries frames over `ways`; it works on return. Raises LabBroken.

    It has the descriptors, too, from then on: they may be closed here. `stop` it: nothing else does, short of
    the end of this process.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self._passages: tuple[Passage, ...] | None = None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            described = json.dumps([asdict(way) for way in ways])
            self.child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(PROGRAM), str(theirs.fileno()), described],
                pass_fds={theirs.fileno(), *(fd for way in ways for fd in (way.source, way.target))},
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        self._listen(START_S)

    def stop(self) -> tuple[Passage, ...]:
        """Hand on at once what is still held, and end; what passed, by way. May be called twice.

        Raises LabBroken when the process has died.
        """
        if self._passages is None:
            self._passages = ()
            with suppress(ConnectionError):  # it has died: that shows when nothing is heard of it
                self._control.send(b"end")
            told = json.loads(self._listen(STOP_S))
            self._end()
            self._passages = tuple(Passage(**way) for way in told)
        return self._passages

    def _listen(self, within_s: float) -> bytes:
        self._control.settimeout(within_s)
        try:
            told, why = self._control.recv(ANSWER), "it ended"
        except OSError as error:
            told, why = b"", str(error)
        if not told:
            raise LabBroken(f"the delay line does not answer: {why}; {self._end()}")
        return told

    def _end(self) -> str:
        """End the process; what it complained of."""
        self._control.close()  # if it works at all, it ends by that
        try:
            _, complaint = self.child.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            _, complaint = self.child.communicate()
        return complaint.decode(errors="replace").strip()
