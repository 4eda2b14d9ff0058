"""The process that is a guest: its command line, its console, its end."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import lab
from lab.errors import LabBroken
from lab.hosts.uml.image import MEMORY_MB, PROGRAM, missing
from lab.hosts.uml.nudge import Nudge

INIT = ("-S", "-m", "lab.hosts.uml.inside")  # -S: without site-packages Python starts in half the time
LAST_WORDS = 20  # lines of the console that an error shows
_TRACE = re.compile(r" (\[<|[0-9a-f]{8} )")  # of a kernel that panics: addresses


class Machine:
    """A guest's process in the network namespace of `pid`, with the TAPs `taps` there as vec0, vec1, ...

    `serial` is the far end of its serial line. Raises LabBroken when no guest can be started here.
    """

    def __init__(self, name: str, pid: int, taps: Sequence[str], run_dir: Path, console: Path) -> None:
        if why := missing():
            raise LabBroken(f"{name}: {why}")
        self.name = name
        self._console = console
        self._directory = run_dir / f"uml-{name}"
        self.serial, theirs = socket.socketpair()
        with theirs, console.open("wb") as out:
            self._child = subprocess.Popen(
                ["mnexec", "-a", str(pid), *self._command(taps, theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._nudge = Nudge(self._child.pid)
        # A kernel that panics aborts, and would leave its memory as a core file.
        resource.prlimit(self._child.pid, resource.RLIMIT_CORE, (0, 0))

    def last_words(self) -> str:
        """The end of its console, for an error message."""
        said = self._console.read_text(errors="replace").splitlines()
        lines = [line for line in said if not _TRACE.match(line)]
        return "\n  ".join(("its console ends with:", *lines[-LAST_WORDS:]))

    def booted(self) -> None:
        """It has said that it is ready; from now on it is kept from missing what comes. Harmless twice."""
        self._nudge.begin()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child.poll() is None

    def kill(self) -> None:
        """End it at once; there is nothing in it that would have to be saved."""
        if self.alive:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._nudge.end()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _command(self, taps: Sequence[str], serial: int) -> list[str]:
        root = Path(lab.__file__).parents[1]
        return [
            PROGRAM,
            f"mem={MEMORY_MB}M",
            *("rootfstype=hostfs", "rootflags=/", "ro"),
            *("con=null", "con0=null,fd:1", "ssl=null", f"ssl0=fd:{serial},fd:{serial}"),
            *(f"umid={self.name}", f"uml_dir={self._directory}/"),
            # gro=1: it takes frames as large as a namespace sends them, 64 KiB of TCP at once.
            *(f"vec{n}:transport=tap,ifname={tap},depth=128,gro=1" for n, tap in enumerate(taps)),
            # What the kernel does not know goes to its first process: to the environment, or after "--".
            *(f'PYTHONPATH="{root}"', f'init="{sys.executable}"', "--", *INIT),
        ]
