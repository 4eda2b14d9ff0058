"""A host that is a User-Mode Linux guest."""

from __future__ import annotations

import base64
import os
import shlex
import socket
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lab import packet_io
from lab.cables import Panel, PatchCable
from lab.errors import LabError
from lab.hosts.base import Completed
from lab.hosts.namespace import search_path
from lab.hosts.uml import cabling
from lab.hosts.uml.guest import Guest, Guests
from lab.hosts.uml.interfaces import GuestInterfaces, OuterInterfaces
from lab.hosts.uml.probes import Probes
from lab.hosts.uml.processes import GuestProcess
from lab.linkwatch import LinkState, LinkWatcher
from lab.sysctl import ipv6_settings

PROBES = 2


class UmlHost:
    """A guest of `guests` with the NICs `macs` (hardware address by name), in the place of Mininet's `node`.

    It may boot while the caller goes on: lay its cables, then `plug_in` before anything else is asked of it.
    `env` is added to the environment of every command; `interfaces` are those in the guest, `outer` those
    that patch cables end at, in the namespace of `pid`. Raises LabBroken when no guest can be started here.
    """

    def __init__(self, node: Any, macs: Mapping[str, str], guests: Guests, log_dir: Path) -> None:
        self.name: str = node.name
        self.nics = tuple(macs)
        self.own_kernel = True
        self.node = node
        self.env: dict[str, str] = {}
        self._macs = dict(macs)
        self._plugged_in = False
        self._guests = guests
        self._guest: Guest | None = guests.take(len(macs) + PROBES)
        self.pid: int = self._guest.pid
        self._channel, taps = self._guest.channel, self._guest.taps
        self._nic_taps = taps[: len(macs)]
        (log_dir / f"{self.name}-console.log").symlink_to(self._guest.console)
        self._shown = log_dir / f"{self.name}-shell.log"
        self.interfaces = GuestInterfaces(self._channel)
        self.outer = OuterInterfaces(self.pid, self.interfaces)
        self._probes = Probes(taps[len(macs) :], len(macs), self._run_with, self.interfaces)

    def plug_in(self, cables: Iterable[PatchCable], panel: Panel, watcher: LinkWatcher) -> None:
        """Wait until it has booted, and join its NICs, which are down, to `cables`. Raises LabBroken."""
        assert self._guest
        cabling.join(self.pid, self.nics, self._nic_taps)
        self._guest.on_link = self.outer.follow
        self._guest.furnish(self._macs, {**os.environ, "PATH": search_path()})
        self.node.instead = self._done
        for cable in cables:
            for end in (cable.a, cable.b):
                if end.node == self.name:
                    tap = cable.tap(end)
                    follow = partial(self._cable_changed, self.nics.index(end.name), panel, tap)
                    watcher.subscribe(panel.pid, panel.interfaces.index(tap), follow)
                    follow()
        self._plugged_in = True

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout_s: float = 30.0, text_in: str | None = None
    ) -> Completed:
        """Run a command to its end. Raises LabError when `check` and it failed, or when time ran out.

        A program that is not there ends with status 127.
        """
        process = self._start(argv, text_in or "", together=False)
        end = process.wait(timeout_s)
        if end is None:
            end = process.kill()
            printed = (end.out + end.err).strip() or "nothing"
            raise LabError(
                f"{self.name}: {' '.join(argv)}: not done within {timeout_s:g} s; it printed: {printed}"
            )
        if check and end.status:
            said = (end.err or end.out).strip()
            raise LabError(f"{self.name}: {' '.join(argv)}: status {end.status}: {said}")
        return Completed(tuple(argv), end.status, end.out, end.err)

    def start(self, argv: Sequence[str]) -> GuestProcess:
        """Start a command in the background; it ends with the testbed at the latest."""
        return self._start(argv, "", together=True)

    def read(self, path: str) -> str:
        """Text of a file as the guest sees it, of /proc and /sys too. Raises LabError."""
        try:
            return str(self._channel.ask("read", path=path))
        except OSError as error:
            raise LabError(f"{self.name}: {path}: {error.strerror}") from error

    def put(self, local: Path, remote: str) -> None:
        """Copy a file into the guest, which sees the machine's files and keeps what it writes to itself."""
        text = base64.b64encode(local.read_bytes()).decode()
        mode = f"{local.stat().st_mode & 0o7777:o}"
        self.run(("sh", "-c", 'base64 -d >"$1" && chmod "$2" "$1"', "put", remote, mode), text_in=text)

    def get(self, remote: str, local: Path) -> None:
        """Copy a file from the guest."""
        local.write_bytes(base64.b64decode(self.run(("base64", remote)).stdout))

    def packet_socket(self, interface: str, protocol: int = 3) -> socket.socket:
        """A bound, non-blocking AF_PACKET socket on one of its interfaces (protocol 3 is ETH_P_ALL).

        On a NIC it is as on any host, for all others see `lab.hosts.uml.probes`. Raises OSError, LabError.
        """
        there = interface if interface in self.nics else self._probes.tap(interface)
        return packet_io.bound_socket(self.pid, there, protocol)

    def mac(self, interface: str) -> str:
        """Present hardware address of an interface, aa:bb:cc:dd:ee:ff."""
        return self.interfaces.mac(interface)

    def set_ipv6(self, on: bool) -> None:
        """Switch IPv6 on or off, for all interfaces."""
        settings = [f"{key.replace('/', '.')}={value}" for key, value in ipv6_settings(on).items()]
        self.run(["sysctl", "-q", "-w", *settings])

    def close(self) -> None:
        """Give the guest back. May be called twice."""
        guest, self._guest = self._guest, None
        if guest is None:
            return
        self.node.instead = None
        self.outer.close()
        if not self._plugged_in:
            guest.kill()
            return
        try:
            cabling.part(self.pid, self.nics)
        except LabError:
            guest.kill()
            raise
        self._guests.give_back(guest)

    def _start(self, argv: Sequence[str], text_in: str, *, together: bool) -> GuestProcess:
        job, pid, end = self._channel.start(argv=list(argv), env=self.env, text_in=text_in, together=together)
        return GuestProcess(self._channel, job, pid, end)

    def _done(self, line: str) -> str:
        """Do a command line of Mininet's in the guest; one that shows what came of it outside."""
        done = self.run(["sh", "-c", line], check=False)
        self._shown.write_text(done.stdout + done.stderr)
        return f"cat {shlex.quote(str(self._shown))}"

    def _run_with(self, argv: Sequence[str], text_in: str) -> None:
        self.run(argv, text_in=text_in)

    def _cable_changed(self, number: int, panel: Panel, tap: str, _state: LinkState | None = None) -> None:
        """The patch cable at NIC `number` has got or lost its link: so has the guest's own cable."""
        self._channel.tell(op="carrier", number=number, up=panel.interfaces.is_up(tap))
