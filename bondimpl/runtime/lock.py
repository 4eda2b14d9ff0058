"""One daemon for each socket."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from bondimpl.errors import MachineError


class Lock:
    """A lock file. It goes with its holder, however that ends."""

    def __init__(self, path: Path, refusal: str) -> None:
        """Raises MachineError: `refusal` when another process holds it."""
        self._path = path
        while True:
            try:
                self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                number = errno.errorcode.get(error.errno or 0, "EIO")
                raise MachineError(f"cannot write {path}: {error.strerror}", number) from error
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(self._fd)
                raise MachineError(refusal, "EADDRINUSE") from error
            # The holder before us may have removed the file between our open and our lock.
            if _same(path, self._fd):
                return
            os.close(self._fd)

    def release(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
        os.close(self._fd)


def _same(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
