"""Mininet's part: nodes (a shell in namespaces of its own) and the book-keeping its CLI reads.

Mininet's own links, controllers, address plan and clean-up are not used; for the links see `lab.cables`.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mininet.link import Intf, Link
from mininet.node import Node, Switch

from lab.errors import LabError
from lab.net import LabNet
from lab.netns import in_namespace
from lab.sysctl import BRIDGES_UNFILTERED, ipv6_settings, set_sysctls
from lab.waiting import eventually


class LabNode(Node):  # type: ignore[misc]  # mininet has no annotations
    """A namespace with a shell; the lab configures it, not Mininet."""

    isSetup = True  # Mininet's name: skips its search for programs

    def __init__(self, name: str, **parameters: Any) -> None:
        self.instead: Callable[[str], str] | None = None
        """Of a host that is not in these namespaces: does a command line there; one that shows the result."""
        self.find_address: Callable[[], str | None] = lambda: None
        """Looks up the address by which others reach it."""
        self._environment: dict[str, str] = {}
        super().__init__(name, **parameters)

    def IP(self, intf: Any = None) -> str | None:
        """Mininet's name: the address by which others reach it, on a bond or wherever it is."""
        return self.find_address()

    def export(self, **variables: str) -> None:
        """Set environment variables of its shell and of what `popen` starts, an xterm for instance."""
        self._environment |= variables
        self.cmd("export", *(f"{name}={shlex.quote(value)}" for name, value in variables.items()))

    def sendCmd(self, *args: Any, **options: Any) -> None:
        """Mininet's name: begin a command of its command line."""
        if self.instead:
            words = args[0] if len(args) == 1 and isinstance(args[0], list) else args
            args = (self.instead(" ".join(map(str, words))),)
        super().sendCmd(*args, **options)

    def popen(self, *args: Any, **options: Any) -> subprocess.Popen[Any]:
        """A command in its namespaces. Raises OSError."""
        environment = {**os.environ, **self._environment, **(options.pop("env", None) or {})}
        started: subprocess.Popen[Any] = super().popen(*args, env=environment, **options)
        return started

    def config(self, **_parameters: Any) -> dict[str, Any]:
        """Nothing: addresses and routes are the case's."""
        return {}

    def terminate(self) -> None:
        """End the shell and everything about it. May be called twice."""
        if self.shell:
            fd = self.stdin.fileno()
            self.inToNode.pop(fd, None)  # Mininet never forgets a node by itself
            self.outToNode.pop(fd, None)
        super().terminate()


class LabSwitchNode(LabNode, Switch):  # type: ignore[misc]
    """The node of a switch, as Mininet's CLI wants it: a Switch that needs no OpenFlow."""

    controlIntf = None

    def start(self, _controllers: Sequence[object]) -> None:
        """Nothing: `lab.switches` does it."""

    def stop(self, deleteIntfs: bool = True) -> None:
        """Nothing: it ends with the testbed."""


class LabInterface(Intf):  # type: ignore[misc]
    """Mininet's record of an interface that the lab made."""

    def updateIP(self) -> str | None:
        """Mininet's name: what its command line puts in place of the node's name."""
        address: str | None = self.node.IP()
        return address

    def config(self, **_parameters: Any) -> dict[str, Any]:
        """Nothing: the cable has done it."""
        return {}


class LabLink(Link):  # type: ignore[misc]
    """Mininet's record of a cable."""

    @classmethod
    def makeIntfPair(cls, *_names: object, **_options: object) -> None:
        """Nothing: `lab.cables` makes all cables at once."""

    def stop(self) -> None:
        """Nothing: it ends with the testbed."""


def new_net() -> Any:
    """An empty Mininet, for `mininet.cli.CLI` and friends."""
    return LabNet(
        controller=None, build=False, host=LabNode, switch=LabSwitchNode, link=LabLink, intf=LabInterface
    )


def run_in(pid: int, argv: Sequence[str], text_in: str = "") -> str:
    """Standard output of a short command in the namespaces of `pid`. Raises LabError when it failed."""
    done = subprocess.run(["mnexec", "-a", str(pid), *argv], input=text_in, capture_output=True, text=True)
    if done.returncode:
        given = f"\nwith the input:\n{text_in}" if text_in else ""
        raise LabError(f"{' '.join(argv)}: status {done.returncode}: {done.stderr.strip()}{given}")
    return done.stdout


def ip_batch(pid: int, lines: Sequence[str]) -> None:
    """Run lines of ip(8) in the namespace of `pid`, in one process. Raises LabError at the first failure."""
    run_in(pid, ("ip", "-batch", "-"), "".join(f"{line}\n" for line in lines))


def quiet(pid: int, *, ipv6: bool = False) -> None:
    """Settings of every namespace of the lab: bridges unfiltered, IPv6 as asked."""
    in_namespace(pid, lambda: set_sysctls({**BRIDGES_UNFILTERED, **ipv6_settings(ipv6)}))


def namespaces_of(pid: int) -> frozenset[str]:
    """Identities of the network and mount namespace of `pid`. Raises OSError when the process is gone."""
    return frozenset(os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "mnt"))


def kill_inhabitants(namespaces: frozenset[str], within_s: float = 5.0) -> None:
    """Kill every process in any of these namespaces, daemons too, and wait until they are gone.

    A process is known by its namespaces, which are the lab's own: never by its name. Raises TimeOut.
    """

    def gone() -> bool:
        remaining = _inhabitants(namespaces)
        for pid in remaining:  # again each time: a process may have forked while we looked
            _kill(pid)
        return not remaining

    eventually(gone, within=within_s, what="the end of all processes of the testbed", every=0.001)


def _inhabitants(namespaces: frozenset[str]) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if namespaces & namespaces_of(int(entry)):
                    found.append(int(entry))
            except OSError:  # it ended just now, or is a zombie
                continue
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def log_directory(run_dir: Path) -> Path:
    """Where background processes of a testbed write."""
    directory = run_dir / "processes"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
