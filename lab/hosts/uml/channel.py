"""What is said with a guest over its serial line; the protocol is told in `inside.agent`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import Any

from lab.errors import LabBroken
from lab.hosts.uml.inside.line import WINDOW

ANSWER_S = 20.0
NUDGE_S = 1.0
"""After so long without an answer, and again: User-Mode Linux may miss that something has come on its serial
line, and reads it when more comes. (Seen once in some hundred thousand requests, under load.)"""
PIECE = WINDOW // 2


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended, with what it printed."""

    status: int
    out: str
    err: str


class Channel:
    """The machine's end `line` of the serial line of guest `name`.

    `on_link(nic, up)` is called, in the channel's thread, when the guest's NIC was brought up or down, before
    whatever did it is known to have ended. `last_words` tells what a dead guest said.
    """

    def __init__(
        self,
        name: str,
        line: socket.socket,
        on_link: Callable[[str, bool], None],
        last_words: Callable[[], str],
    ) -> None:
        self._name, self._line, self._on_link, self._last_words = name, line, on_link, last_words
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._speaking = threading.Lock()
        self._room = WINDOW
        self._more_room = threading.Condition()
        self._greetings: dict[str, Future[Any]] = {"ready": Future()}
        self._answers: dict[int, Future[Any]] = {}
        self._ends: dict[int, Future[Ended]] = {}
        self._dead: LabBroken | None = None
        self._thread = threading.Thread(target=self._listen, name=f"channel-{name}", daemon=True)
        self._thread.start()

    def greeting(self, word: str, within_s: float) -> Any:
        """What the guest says once with its "ready". Raises LabBroken."""
        return self._result(self._greetings[word], f"no {word!r} within {within_s:g} s", within_s)

    def ask(self, op: str, **fields: Any) -> Any:
        """The guest's answer. Raises OSError as it did in the guest, LabBroken when there is none."""
        return self._request(next(self._ids), op, **fields)

    def start(self, **fields: Any) -> tuple[int, int, Future[Ended]]:
        """Start a command: number of the job, process id in the guest, and its end. Raises LabBroken."""
        job, end = next(self._ids), Future[Ended]()
        with self._lock:
            self._ends[job] = end
        return job, self._request(job, "start", **fields), end

    def tell(self, **message: Any) -> None:
        """Say something that is not answered; a guest that is gone does not hear it."""
        self._say(json.dumps(message).encode() + b"\n")

    def forget(self) -> None:
        """Nobody waits any more for commands that were started."""
        with self._lock:
            self._ends.clear()

    def close(self) -> None:
        """End the thread; whatever still waits gets LabBroken. May be called twice."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._line.close()

    def _say(self, data: bytes) -> None:
        with contextlib.suppress(OSError), self._speaking:
            for begin in range(0, len(data), PIECE):
                piece = data[begin : begin + PIECE]
                self._take_room(len(piece))
                self._line.sendall(piece)

    def _take_room(self, count: int) -> None:
        with self._more_room:
            if not self._more_room.wait_for(lambda: self._room >= count, ANSWER_S):
                raise LabBroken(f"{self._name}: the guest does not read its line; {self._last_words()}")
            self._room -= count

    def _request(self, id: int, op: str, **fields: Any) -> Any:
        answer = Future[Any]()
        with self._lock:
            if self._dead:
                raise self._dead
            self._answers[id] = answer
        self.tell(id=id, op=op, **fields)
        try:
            for _ in range(int(ANSWER_S / NUDGE_S)):
                if wait([answer], NUDGE_S).done:
                    break
                self._say(b"\n")
            return self._result(answer, f"no answer to {op!r} within {ANSWER_S:g} s", NUDGE_S)
        finally:
            self._answers.pop(id, None)

    def _result(self, future: Future[Any], otherwise: str, within_s: float) -> Any:
        try:
            return future.result(within_s)
        except NotInTime:
            if future.done():  # the guest's own error was a TimeoutError
                raise
            raise LabBroken(f"{self._name}: {otherwise} from the guest; {self._last_words()}") from None

    def _listen(self) -> None:
        why = f"{self._name}: the guest has ended by itself"
        try:
            with self._line.makefile("rb") as lines:
                for line in lines:
                    why = self._heard(json.loads(line)) or why
        except Exception as error:  # whatever it is: those who wait must hear of it
            why = f"{self._name}: talking to the guest: {type(error).__name__}: {error}"
        dead = LabBroken(f"{why}; {self._last_words()}")
        with self._lock:
            self._dead = dead
            waiting = [*self._greetings.values(), *self._answers.values(), *self._ends.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(dead)

    def _heard(self, said: dict[str, Any]) -> str | None:
        """Do what the guest's message asks for; why the guest ends, when it says so."""
        if "heard" in said:
            with self._more_room:
                self._room += said["heard"]
                self._more_room.notify_all()
        elif "link" in said:
            self._on_link(said["link"], said["up"])
        elif "answer" in said:
            answer = self._answers.get(said["answer"])
            if answer is None:  # nobody waits any more
                return None
            if "error" in said:
                answer.set_exception(OSError(said["error"], os.strerror(said["error"])))
            else:
                answer.set_result(said["result"])
        elif "ended" in said:
            with self._lock:
                end = self._ends.pop(said["ended"], None)
            if end is not None:  # else: nobody waits any more
                end.set_result(Ended(said["status"], said["out"], said["err"]))
        elif "failed" in said:
            return f"{self._name}: the guest failed: {said['failed']}"
        for word in said.keys() & self._greetings.keys():
            self._greetings[word].set_result(said[word])
        return None
