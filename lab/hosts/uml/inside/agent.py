"""The guest's ears and hands: does what the serial line asks for, one thing after the other.

Asked (with `id` where an answer is wanted)              answered
    furnish   macs (by name of NIC), environment           nothing; they are down, and nothing else is there
    vacate                                               (never answered) everything ends, no NIC stays
    start     argv, env, text_in, together               the process id; later {"ended": id, ...}
    signal    job (the id of its start), number          nothing; to its process group
    output    job                                        what it has printed so far
    read      path                                       the text of that file
    link      name                                       flags, carrier, ready, mac, index
    set_up    name, up                                   nothing
    carrier   number, up                                 (never answered) the cable of a NIC has a link or not

    {"answer": id, "result": ...}   {"answer": id, "error": errno}
    {"ended": id, "status": n, "out": text, "err": text}
    {"link": name, "up": bool}      a NIC was brought administratively up or down
    {"heard": bytes}                so many more were taken off the line (told now and then)

A change of a NIC is told before the answer to, or the end of, whatever brought it about.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.hosts.uml.inside import jobs, nics
from lab.hosts.uml.inside.line import SerialLine
from lab.hosts.uml.inside.syscalls import clear_log
from lab.interfaces import Interfaces
from lab.linkwatch import link_states, open_link_socket


class Agent:
    """Serves `line` for NICs which come with `furnish`; `cabling` holds the far ends of their cables."""

    def __init__(self, line: SerialLine, cabling: Interfaces) -> None:
        self._line = line
        self._cabling = cabling
        self._nics: dict[int, str] = {}
        self._told_up: dict[str, bool] = {}
        self._jobs: dict[int, jobs.Job] = {}
        self._empty = False
        self._poller = select.poll()
        self._look_around()
        self._operations: dict[str, Callable[..., Any]] = {
            "signal": self._signal,
            "output": self._output,
            "read": self._read,
            "link": self._link,
            "set_up": self._set_up,
            "furnish": self._furnish,
            "vacate": self._vacate,
            "carrier": self._carrier,
        }
        self._children, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Until the far end of the line is gone. Raises OSError."""
        for fd in (self._line.fd, self._children):
            self._poller.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in self._poller.poll()}
            self._tell_links()
            if self._children in ready:
                os.read(self._children, 4096)
                self._reap()
            if self._line.fd in ready:
                requests = self._line.receive()
                if requests is None:
                    return
                for request in requests:
                    self._do(**request)

    def _do(self, op: str, id: int | None = None, **fields: Any) -> None:
        if op == "start" and id is not None:
            self._start(id, **fields)
            return
        try:
            result = self._operations[op](**fields)
        except OSError as error:
            if op in ("furnish", "vacate"):  # nothing is as it should be: the guest ends, and tells why
                raise
            if id is not None:
                self._line.send(answer=id, error=error.errno)
            return
        self._tell_links()
        if id is not None:
            self._line.send(answer=id, result=result)

    def _furnish(self, macs: Mapping[str, str], environment: Mapping[str, str]) -> None:
        if not self._empty:
            self._vacate()
        self._empty = False
        nics.make(macs)
        self._nics = {self._interfaces.index(nic): nic for nic in macs}
        self._told_up = dict.fromkeys(macs, False)
        os.environ.clear()
        os.environ.update(environment)

    def _vacate(self) -> None:
        """Nothing is left of what the case before has made."""
        for job in self._jobs.values():
            job.close()
        self._jobs.clear()
        with suppress(ProcessLookupError):  # nobody is there
            os.kill(-1, signal.SIGKILL)  # all but ourselves, the first process
        self._nics, self._told_up = {}, {}
        nics.remove(self._cabling)
        self._poller.unregister(self._links)
        self._links.close()
        self._interfaces.close()
        nics.empty()
        clear_log()
        self._look_around()
        self._empty = True

    def _look_around(self) -> None:
        self._interfaces = Interfaces(os.getpid())
        self._interfaces.set_up("lo", True)
        self._links = open_link_socket()
        self._poller.register(self._links, select.POLLIN)

    def _set_up(self, name: str, up: bool) -> None:
        self._interfaces.set_up(name, up)

    def _start(self, id: int, argv: list[str], env: dict[str, str], text_in: str, together: bool) -> None:
        try:
            job = self._jobs[id] = jobs.spawn(argv, env, text_in, together)
        except OSError as error:
            self._line.send(answer=id, result=0)
            said = f"{argv[0]}: {error.strerror}\n"
            out, err = (said, "") if together else ("", said)
            self._line.send(ended=id, status=jobs.NOT_FOUND, out=out, err=err)
        else:
            self._line.send(answer=id, result=job.pid)

    def _reap(self) -> None:
        for pid, status in jobs.ended():
            for id in [id for id, job in self._jobs.items() if job.pid == pid]:  # else: an orphan
                job = self._jobs.pop(id)
                out, err = job.output()
                job.close()
                self._tell_links()
                self._line.send(ended=id, status=status, out=out, err=err)

    def _signal(self, job: int, number: int) -> None:
        if job in self._jobs:
            os.killpg(self._jobs[job].pid, number)

    def _output(self, job: int) -> str:
        return self._jobs[job].output()[0] if job in self._jobs else ""

    def _read(self, path: str) -> str:
        return Path(path).read_text(errors="replace")

    def _link(self, name: str) -> dict[str, object]:
        ask = self._interfaces
        return {
            "flags": ask.flags(name),
            "carrier": ask.carrier(name),
            "ready": ask.ready(name),
            "mac": ask.mac(name),
            "index": ask.index(name),
        }

    def _carrier(self, number: int, up: bool) -> None:
        self._cabling.set_up(nics.cable_of(number), up)

    def _tell_links(self) -> None:
        """Say which NICs were brought up or down since the last time."""
        while True:
            try:
                data = self._links.recv(1 << 18)
            except BlockingIOError:
                return
            for state in link_states(data):
                nic = self._nics.get(state.index)
                if nic is not None and self._told_up[nic] != state.up:
                    self._told_up[nic] = state.up
                    self._line.send(link=nic, up=state.up)
