"""What a run has to undo on the machine itself, on disk, so that the next run cleans up after a killed one.

A run has the directory `/run/bondlab/RUN` (BONDLAB_RUN_DIR names another base):

    owner           "PID STARTTIME" of the process that owns the run, which holds a lock (flock) on it
    journal.jsonl   one line for each thing to undo, and one for each that was undone

The lock, not the process id, says whether a run lives: the kernel drops it when the last holder dies,
however it dies. It needs no care for reused process ids, and it reads the same from every pid namespace.
What the lab does inside a sandbox dies with the sandbox and needs no entry.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

DEFAULT_BASE = "/run/bondlab"
COMMAND_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing to undo: a file or tree to remove, or a command to run (in the machine's own namespaces)."""

    what: str
    remove: str = ""
    argv: tuple[str, ...] = ()

    def undo(self) -> None:
        """Undo it; that it is gone already is no error. Raises OSError, LabError."""
        if self.remove:
            if os.path.isdir(self.remove) and not os.path.islink(self.remove):
                shutil.rmtree(self.remove)
            else:
                Path(self.remove).unlink(missing_ok=True)
        if self.argv:
            done = subprocess.run(
                self.argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S
            )
            if done.returncode:
                raise LabError(f"{' '.join(self.argv)}: status {done.returncode}: {done.stderr.strip()}")


class Journal:
    """The journal of one run. `create` owns it; `join` writes into it from a process inside the sandbox."""

    def __init__(self, directory: Path, lock_fd: int | None) -> None:
        self.directory = directory
        self.run_id = directory.name
        self._lock_fd = lock_fd

    @classmethod
    def create(cls) -> Journal:
        """A new run, owned by this process (and by those it forks without exec)."""
        directory = base() / f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        with _base_lock():
            directory.mkdir()
            fd = os.open(directory / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.write(fd, f"{os.getpid()} {_start_time()}\n".encode())
        return cls(directory, fd)

    @classmethod
    def join(cls, run_id: str) -> Journal:
        """The journal of a run that another process owns. Raises LabError when there is no such run."""
        directory = base() / run_id
        if not directory.is_dir():
            raise LabError(f"no run {run_id} in {base()}")
        return cls(directory, None)

    def record(self, entry: Entry) -> str:
        """Write down, before the change, how to undo it; the key to `strike` it by."""
        key = secrets.token_hex(4)
        self._append({"key": key, "what": entry.what, "remove": entry.remove, "argv": entry.argv})
        return key

    def strike(self, key: str) -> None:
        """Write down that the entry has been undone."""
        self._append({"undone": key})

    def entries(self) -> tuple[Entry, ...]:
        """What is still to be undone, oldest first."""
        return tuple(_read(self.directory).values())

    def close(self) -> tuple[str, ...]:
        """Undo what is left and, when this process owns the run, remove its directory; what failed, in words.

        A run of which something could not be undone stays on disk, for the next start to try again.
        """
        if self._lock_fd is None:
            return ()
        failures = _undo_all(self.directory)
        os.close(self._lock_fd)
        self._lock_fd = None
        return failures

    def _append(self, line: dict[str, object]) -> None:
        with (self.directory / "journal.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def base() -> Path:
    """The directory of all runs."""
    return Path(os.environ.get("BONDLAB_RUN_DIR") or DEFAULT_BASE)


def stale_runs() -> tuple[Path, ...]:
    """Directories of the runs whose owner is dead."""
    if not base().is_dir():
        return ()
    found = []
    with _base_lock():
        for directory in sorted(p for p in base().iterdir() if p.is_dir()):
            with _owned(directory) as dead:
                if dead:
                    found.append(directory)
    return tuple(found)


def clean_stale() -> list[str]:
    """Undo what dead runs left and forget them; one line for each thing done or failed.

    Call it outside of any sandbox: the commands of the entries mean the machine's own namespaces.
    A live run is never touched.
    """
    report: list[str] = []
    for directory in stale_runs():
        with _owned(directory) as dead:
            if not dead:  # another start cleans it just now
                continue
            report += [f"{directory.name}: {entry.what}" for entry in reversed(_read(directory).values())]
            report += [f"{directory.name}: FAILED: {failure}" for failure in _undo_all(directory)]
    return report


def _undo_all(directory: Path) -> tuple[str, ...]:
    """Undo the entries, youngest first; the directory goes when all succeeded. Returns the failures."""
    failures = []
    for entry in reversed(_read(directory).values()):
        try:
            entry.undo()
        except (OSError, LabError, subprocess.SubprocessError) as error:
            failures.append(f"{entry.what}: {error}")
    if not failures:
        shutil.rmtree(directory)
    return tuple(failures)


def _read(directory: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    path = directory / "journal.jsonl"
    for text in path.read_text().splitlines() if path.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue  # the owner was killed in the middle of the last line: its change was not begun
        if "undone" in line:
            entries.pop(line["undone"], None)
        else:
            entries[line["key"]] = Entry(line["what"], line["remove"], tuple(line["argv"]))
    return entries


@contextmanager
def _base_lock() -> Iterator[None]:
    """Keeps a run that is being made from looking like a dead one."""
    base().mkdir(parents=True, exist_ok=True)
    with (base() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _owned(directory: Path) -> Iterator[bool]:
    """Whether the owner of the run is dead; while the block lasts, its lock is ours in that case."""
    try:
        file = (directory / "owner").open("r+")
    except FileNotFoundError:  # killed before it wrote its name, or cleaned meanwhile
        yield directory.is_dir()
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield directory.is_dir()


def _start_time() -> int:
    """When this process started, in clock ticks after boot: with it a process id names one process."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
