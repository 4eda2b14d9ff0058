"""A host that is a Mininet node: network and mount namespaces, the machine's file system and programs."""

from __future__ import annotations

import itertools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from lab import packet_io
from lab.errors import LabError
from lab.hosts.base import Completed
from lab.interfaces import Interfaces
from lab.nodes import quiet


class NamespaceProcess:
    """A command in the background, in a process group of its own; its output goes to the file `log`."""

    def __init__(self, argv: Sequence[str], child: subprocess.Popen[bytes], log: Path) -> None:
        self.argv = tuple(argv)
        self.log = log
        self.pid = child.pid
        self._child = child

    def poll(self) -> int | None:
        """Exit code (negative: killed by that signal), or None while it runs."""
        return self._child.poll()

    def stop(self, within_s: float = 5.0) -> int:
        """SIGTERM to its process group, then SIGKILL after `within_s` seconds; the exit code."""
        return _end(self._child, within_s)

    def output(self) -> str:
        """What it has printed so far (stdout and stderr together)."""
        return self.log.read_text(errors="replace")


class NamespaceHost:
    """A host of a testbed; `env` is added to the environment of every command.

    `node` is Mininet's node of it, `pid` a process in its namespaces, `interfaces` its NICs by ioctl; `outer`
    are those that patch cables end at, here the same.
    """

    def __init__(self, node: Any, nics: tuple[str, ...], log_dir: Path, *, ipv6: bool = False) -> None:
        self.name: str = node.name
        self.nics = nics
        self.own_kernel = False
        self.node = node
        self.pid: int = node.pid
        self.env: dict[str, str] = {}
        self.interfaces = self.outer = Interfaces(self.pid)
        self._log_dir = log_dir
        self._started: list[NamespaceProcess] = []
        self._numbers = itertools.count(1)
        self.interfaces.set_up("lo", True)
        self.set_ipv6(ipv6)

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout_s: float = 30.0, text_in: str | None = None
    ) -> Completed:
        """Run a command to its end. Raises LabError when `check` and it failed, or when time ran out.

        It ends when the command ends, even when a daemon which that started still holds its output open.
        """
        with _memory_file(text_in or "") as given, _memory_file() as out, _memory_file() as err:
            child = self._popen(argv, given, out, err)
            if not _ended(child, timeout_s):
                _end(child, 0.0)
                raise LabError(
                    f"{self.name}: {' '.join(argv)}: not done within {timeout_s:g} s; {_tell(out, err)}"
                )
            done = Completed(tuple(argv), child.wait(), _text(out), _text(err))
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise LabError(f"{self.name}: {' '.join(argv)}: status {done.returncode}: {said}")
        return done

    def start(self, argv: Sequence[str]) -> NamespaceProcess:
        """Start a command in the background; it ends with the testbed at the latest."""
        log = self._log_dir / f"{self.name}-{next(self._numbers)}-{Path(argv[0]).name}.log"
        with log.open("wb") as out, open(os.devnull, "rb") as nothing:
            process = NamespaceProcess(argv, self._popen(argv, nothing, out, out), log)
        self._started.append(process)
        return process

    def read(self, path: str) -> str:
        """Text of a file as the host sees it, of /proc and /sys too. Raises LabError."""
        return self.run(["cat", path]).stdout

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to the host (which shares the machine's file system)."""
        if Path(remote).absolute() != local.absolute():
            shutil.copy2(local, remote)

    def get(self, remote: str, local: Path) -> None:
        """Copy a file from the host."""
        if Path(remote).absolute() != local.absolute():
            shutil.copy2(remote, local)

    def packet_socket(self, interface: str, protocol: int = 3) -> socket.socket:
        """A bound, non-blocking AF_PACKET socket on one of its interfaces (protocol 3 is ETH_P_ALL)."""
        return packet_io.bound_socket(self.pid, interface, protocol)

    def mac(self, interface: str) -> str:
        """Present hardware address of an interface, aa:bb:cc:dd:ee:ff."""
        return self.interfaces.mac(interface)

    def set_ipv6(self, on: bool) -> None:
        """Switch IPv6 on or off, for all interfaces."""
        quiet(self.pid, ipv6=on)

    def close(self) -> None:
        """End its background commands at once and let go of its namespace."""
        for process in self._started:
            _end(process._child, 0.0)
        self._started.clear()
        self.interfaces.close()

    def _popen(
        self, argv: Sequence[str], given: IO[bytes], out: IO[bytes], err: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["mnexec", "-a", str(self.pid), *argv],
            stdin=given,
            stdout=out,
            stderr=err,
            env={**os.environ, "PATH": search_path(), **self.env},
            start_new_session=True,
        )


def search_path() -> str:
    """PATH with the programs of this project first, whether or not its environment has been activated."""
    return f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"


def _memory_file(text: str = "") -> IO[bytes]:
    file = open(os.memfd_create("command"), "w+b", buffering=0)  # noqa: SIM115  # the caller's `with` closes it
    file.write(text.encode())
    file.seek(0)
    return file


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _tell(out: IO[bytes], err: IO[bytes]) -> str:
    printed = (_text(out) + _text(err)).strip()
    return f"it printed: {printed}" if printed else "it printed nothing"


def _ended(child: subprocess.Popen[bytes], within_s: float) -> bool:
    """Whether the child ended within that time (its end is waited for by the kernel, not polled)."""
    if child.poll() is not None:
        return True
    fd = os.pidfd_open(child.pid)
    try:
        return bool(select.select([fd], [], [], within_s)[0])
    finally:
        os.close(fd)


def _end(child: subprocess.Popen[bytes], within_s: float) -> int:
    """SIGTERM, then SIGKILL after `within_s` seconds, to the child's process group; the exit code."""
    if child.poll() is None and within_s > 0:
        os.killpg(child.pid, signal.SIGTERM)
        _ended(child, within_s)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()
