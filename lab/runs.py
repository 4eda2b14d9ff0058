"""The directories of runs, so that the next run finds and removes what a killed one left on the machine.

A run has the directory `/run/bondlab/RUN` (BONDLAB_RUN_DIR names another base) for all of its files, with

    owner       "PID STARTTIME" of the process that owns the run, which holds a lock (flock) on it

The lock, not the process id, says whether a run lives: the kernel drops it when the last holder dies,
however it dies. It needs no care for reused process ids, and it reads the same from every pid namespace.
All else that the lab does happens in a sandbox and dies with it.

The base may be a directory in which others keep theirs: what has not both the name of a run and an owner
file as above is never removed.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError

DEFAULT_BASE = "/run/bondlab"
OWNER = "owner"
# Made under this name and renamed when it has its owner: no run is ever seen without one. There is but this
# one name, so that one left by a kill in between is taken up again by the next run.
_UNBORN = ".new"
_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
_OWNER_TEXT = re.compile(rb"\d+ \d+\n")


class Run:
    """A run, owned by this process (and by those it forks without exec) until it is closed."""

    def __init__(self, directory: Path, lock_fd: int) -> None:
        self.directory = directory
        self.run_id = directory.name
        self._lock_fd = lock_fd

    @classmethod
    def create(cls) -> Run:
        """A new run. Raises OSError."""
        unborn = base() / _UNBORN
        directory = base() / f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        with _base_lock():
            unborn.mkdir(exist_ok=True)
            fd = os.open(unborn / OWNER, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                os.write(fd, f"{os.getpid()} {_start_time()}\n".encode())
                unborn.rename(directory)
            except BaseException:
                os.close(fd)
                raise
        return cls(directory, fd)

    def close(self) -> None:
        """Remove its directory. Raises OSError: what is left then is for the next start to try again."""
        try:
            _remove(self.directory)
        finally:
            os.close(self._lock_fd)


def base() -> Path:
    """The directory of all runs."""
    return Path(os.environ.get("BONDLAB_RUN_DIR") or DEFAULT_BASE)


def directory_of(run_id: str) -> Path:
    """The directory of a run, whoever owns it. Raises LabError when there is no such run."""
    directory = base() / run_id
    if not directory.is_dir():
        raise LabError(f"no run {run_id} in {base()}")
    return directory


def stale_runs() -> tuple[Path, ...]:
    """Directories of the runs whose owner is dead. Raises OSError."""
    if not base().is_dir():
        return ()
    found = []
    for directory in sorted(base().iterdir()):
        with _dead(directory) as dead:
            if dead:
                found.append(directory)
    return tuple(found)


def clean_stale() -> list[str]:
    """Remove the directories of dead runs; one line for each, told as FAILED when it could not be.

    A live run and what is not a run are never touched. Raises OSError when the base cannot be read.
    """
    report: list[str] = []
    for directory in stale_runs():
        with _dead(directory) as dead:
            if not dead:  # another start cleans it just now
                continue
            try:
                _remove(directory)
                report.append(f"run {directory.name}")
            except OSError as error:
                report.append(f"run {directory.name}: FAILED: {error}")
    return report


def _remove(directory: Path) -> None:
    """Remove the directory of a run, its owner last: what could not be removed stays known as a run's."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != OWNER:
            path.unlink()
    (directory / OWNER).unlink()
    directory.rmdir()


@contextmanager
def _base_lock() -> Iterator[None]:
    """Keeps two runs that are being made apart: both are called `_UNBORN`."""
    base().mkdir(parents=True, exist_ok=True)
    with (base() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _dead(directory: Path) -> Iterator[bool]:
    """Whether this is a run and its owner is dead; while the block lasts, its lock is ours in that case."""
    if not _RUN_ID.fullmatch(directory.name) or directory.is_symlink():
        yield False
        return
    try:
        # Looked at before it is opened: a link or a pipe of that name is not ours, and no error either.
        regular = stat.S_ISREG((directory / OWNER).lstat().st_mode)
        fd = os.open(directory / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC) if regular else None
    except (FileNotFoundError, NotADirectoryError):  # not ours, or cleaned meanwhile
        fd = None
    if fd is None:
        yield False
        return
    try:
        yield bool(_OWNER_TEXT.fullmatch(os.pread(fd, 64, 0))) and _locked(fd)
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    """Whether the lock could be had, on a file that is still there."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(fd).st_nlink > 0  # 0: another start has removed it between our open and now


def _start_time() -> int:
    """When this process started, in clock ticks after boot: with it a process id names one process."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
