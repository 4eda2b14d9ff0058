"""Commands that run in the guest, each in a session of its own, with its output in memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NOT_FOUND = 127  # as of a shell
_RESET = [signal.SIGPIPE, signal.SIGXFSZ]  # ignored by Python


@dataclass(frozen=True, slots=True)
class Job:
    """A command; `out` and `err` are files of its output, one and the same when they go together."""

    pid: int
    out: int
    err: int

    def output(self) -> tuple[str, str]:
        """Standard output and error so far; all of it in the first when they go together."""
        return _text(self.out), "" if self.err == self.out else _text(self.err)

    def close(self) -> None:
        """Forget its output."""
        for fd in {self.out, self.err}:
            os.close(fd)


def spawn(argv: Sequence[str], env: Mapping[str, str], text_in: str, together: bool) -> Job:
    """Start a command in the environment and `env`. Raises OSError."""
    given = os.memfd_create("in")
    out = os.memfd_create("out")
    err = out if together else os.memfd_create("err")
    try:
        os.write(given, text_in.encode())
        os.lseek(given, 0, os.SEEK_SET)
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            {**os.environ, **env},
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((given, out, err))],
            setsid=True,
            setsigdef=_RESET,
        )
    except BaseException:
        for fd in {out, err}:
            os.close(fd)
        raise
    finally:
        os.close(given)
    return Job(pid, out, err)


def ended() -> list[tuple[int, int]]:
    """Process id and exit code (negative: killed by that signal) of each child that has ended."""
    found: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found.append((pid, os.waitstatus_to_exitcode(status)))


def _text(fd: int) -> str:
    # Not by its offset, which the command writes at.
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")
