"""A host with NICs eth0, eth1 ... cabled to a bridge in a peer namespace, and a bondd on the host."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bondimpl.errors import MachineError
from bondimpl.runtime.control import ControlClient
from lab import waiting

Result = TypeVar("Result")

_CLONE_NEWNET = 0x40000000
PATIENCE_S = 10.0


def eventually(condition: Callable[[], Result], within_s: float = PATIENCE_S) -> Result:
    """The first true value of `condition`. Fails with the last one."""
    return waiting.eventually(condition, within_s, every=0.01)


def run(*command: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert not check or done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
    return done


def ip(*arguments: str) -> str:
    """Run `ip` on the host."""
    return run("ip", *arguments).stdout


def link(name: str) -> dict[str, Any]:
    """What `ip -d -j link show` tells of an interface of the host."""
    return dict(json.loads(ip("-d", "-j", "link", "show", "dev", name))[0])


def exists(name: str) -> bool:
    """Whether the host has an interface of that name."""
    return run("ip", "link", "show", "dev", name, check=False).returncode == 0


def state(name: str) -> dict[str, Any]:
    """Everything about an interface that bondd may change and has to give back."""
    shown = link(name)
    ingress = (
        run("tc", "qdisc", "show", "dev", name).stdout,
        run("tc", "filter", "show", "dev", name, "ingress").stdout,
    )
    return {
        "mac": shown["address"],
        "mtu": shown["mtu"],
        "up": "UP" in shown["flags"],
        "promiscuity": (shown["promiscuity"], shown["allmulti"]),
        "ipv6_off": Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").read_text(),
        "tc": [line for text in ingress for line in text.splitlines() if "noqueue" not in line],
        "nft": run("nft", "list", "ruleset").stdout,
    }


class Daemon:
    """A running bondd."""

    def __init__(self, socket_path: Path, *arguments: str, program: tuple[str, ...] = ()) -> None:
        """`program` replaces `-m bondimpl.cli.bondd`."""
        self.socket = socket_path
        self._errors = (socket_path.parent / "stderr").open("a+")
        self.process = subprocess.Popen(
            [
                sys.executable,
                *(program or ("-m", "bondimpl.cli.bondd")),
                "--socket",
                str(socket_path),
                *arguments,
            ],
            stderr=self._errors,
        )
        self.control = ControlClient(str(socket_path))
        eventually(self._ready)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.errors()
        try:
            return bool(self.control.call("version")["pid"] == self.process.pid)
        except MachineError:
            return False

    def errors(self) -> str:
        """What it and those before it said on stderr."""
        self._errors.seek(0)
        return self._errors.read()

    def add(self, name: str = "bond0", *slaves: str, up: bool = True, **options: str) -> None:
        """Make a bond, by default up."""
        self.control.call("add", bond=name, options=options)
        if up:
            self.control.call("up", bond=name)
        for slave in slaves:
            self.control.call("enslave", bond=name, slave=slave)

    def show(self, name: str = "bond0") -> dict[str, Any]:
        """State of a bond."""
        return dict(self.control.call("show", bond=name))

    def bondctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run bondctl."""
        return self.tool("bondctl", *arguments)

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run bondctl or ifenslave."""
        command = (sys.executable, "-m", f"bondimpl.cli.{name}", "--socket", str(self.socket), *arguments)
        return run(*command, check=False)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(timeout=PATIENCE_S)
        self.control.close()
        self._errors.close()
        return status


class Lab:
    """The cabling. NIC ethN of the host goes to portN of the peer, a port of its bridge br0."""

    def __init__(self, directory: Path, nics: int) -> None:
        self.directory = directory
        self._daemons: list[Daemon] = []
        self._wiretaps: list[Wiretap] = []
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.stat("/proc/self/ns/net").st_ino
        eventually(lambda: os.stat(self._namespace()).st_ino != own)
        ip("link", "set", "dev", "lo", "up")
        self.peer("ip", "link", "add", "dev", "br0", "type", "bridge", "mcast_snooping", "0")
        self.peer("ip", "link", "set", "dev", "br0", "up")
        for number in range(nics):
            port = f"port{number}"
            ip(
                "link",
                "add",
                "dev",
                f"eth{number}",
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                self._pid(),
            )
            self.peer("ip", "link", "set", "dev", port, "master", "br0", "up")
        self.nics = tuple(f"eth{number}" for number in range(nics))
        """Of the host; down."""

    def bondd(self, *arguments: str, program: tuple[str, ...] = ()) -> Daemon:
        """Start a bondd; its socket is in the lab's directory."""
        daemon = Daemon(self.directory / "bondd.sock", *arguments, program=program)
        self._daemons.append(daemon)
        return daemon

    def peer(self, *command: str, text: str | None = None) -> str:
        """Run a command in the peer."""
        return run("nsenter", f"--net={self._namespace()}", *command, text=text).stdout

    def at_peer(self, make: Callable[[], Result]) -> Result:
        """Call `make` in the peer's namespace. A socket made there stays there."""
        results: list[Result] = []

        def enter() -> None:
            with open(self._namespace()) as namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.setns(namespace.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            results.append(make())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return results[0]

    def listen(self, interface: str) -> Wiretap:
        """Frames that an interface of the peer receives from now on."""
        self._wiretaps.append(self.at_peer(lambda: Wiretap(interface)))
        return self._wiretaps[-1]

    def listen_here(self, interface: str) -> Wiretap:
        """The same of the host."""
        self._wiretaps.append(Wiretap(interface))
        return self._wiretaps[-1]

    def close(self) -> None:
        """Everything goes, also what a test left behind."""
        for wiretap in self._wiretaps:
            wiretap.socket.close()
        for daemon in self._daemons:
            daemon.stop(signal.SIGKILL)
        # The cables would go with the peer's namespace, but nobody knows when the kernel takes that apart.
        for nic in self.nics:
            run("ip", "link", "del", "dev", nic, check=False)
        self._holder.kill()
        self._holder.wait()

    def _pid(self) -> str:
        return str(self._holder.pid)

    def _namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"


class Wiretap:
    """A packet socket: what comes in, and what is sent; frames with their VLAN tag in place."""

    _SOL_PACKET, _AUXDATA, _IGNORE_OUTGOING = 263, 8, 23

    def __init__(self, interface: str) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(self._SOL_PACKET, self._IGNORE_OUTGOING, 1)
        self.socket.setsockopt(self._SOL_PACKET, self._AUXDATA, 1)
        self.socket.bind((interface, 3))

    def send(self, frame: bytes) -> None:
        """Out of the interface."""
        self.socket.send(frame)

    def frames(
        self, wanted: Callable[[bytes], bool], count: int, within_s: float = PATIENCE_S
    ) -> list[bytes]:
        """The wanted frames: at least `count`, then all that arrive without a pause of 0.2 s."""
        found: list[bytes] = []
        deadline = time.monotonic() + within_s
        while True:
            enough = len(found) >= count
            self.socket.settimeout(0.2 if enough else max(0.001, deadline - time.monotonic()))
            try:
                frame = self._receive()
            except TimeoutError:
                assert enough, f"{len(found)} frames instead of {count} within {within_s} s"
                return found
            if wanted(frame):
                found.append(frame)

    def _receive(self) -> bytes:
        frame, extras, _, _ = self.socket.recvmsg(1 << 17, 64)
        status, tag = int.from_bytes(extras[0][2][:4], "little"), extras[0][2][16:18][::-1]
        return frame[:12] + b"\x81\x00" + tag + frame[12:] if status & 0x10 else frame
