"""The driver under test that is `bondimpl`: one daemon on each host, spoken to over its control socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from bondimpl.errors import BondError, MachineError
from bondimpl.runtime.control import ControlClient
from lab.bondfs.hosts import show_bonds
from lab.drivers.base import Created, Era
from lab.errors import DriverDied, DriverLacks, DriverRefused, LabBroken
from lab.hosts.base import Host, Process
from lab.procfile import BondView, parse
from lab.undo import UndoStack
from lab.waiting import TimeOut, eventually

START_S = 15.0
FUSE = Path("/dev/fuse")


class Client(Protocol):
    """What is used of `bondimpl.runtime.control.ControlClient`."""

    def call(self, command: str, **fields: Any) -> Any:
        """The daemon's result. Raises BondError with its own words, MachineError when it does not answer."""

    def close(self) -> None:
        """Hang up."""


class UserspaceDriver:
    """BondDriver on bondimpl. `directory` holds the control sockets; daemons end when `undo` unwinds.

    All its daemons have the behaviour of `era`.
    `created` is told the host and the options of each bond that is made.
    """

    name = "userspace"

    def __init__(
        self,
        directory: Path,
        undo: UndoStack,
        era: Era = "howto",
        connect: Callable[[str], Client] = ControlClient,
        created: Created | None = None,
    ) -> None:
        self.era = era
        self._directory, self._undo, self._connect = directory, undo, connect
        self._created = created
        self._daemons: dict[str, Daemon] = {}
        self.version = ""  # known once a daemon runs

    @property
    def bonds(self) -> tuple[UserspaceBond, ...]:
        """The bonds that are there, on all hosts."""
        return tuple(bond for daemon in self._daemons.values() for bond in daemon.bonds.values())

    @property
    def sockets(self) -> dict[str, str]:
        """The control socket of each daemon, by the name of its host."""
        return {name: daemon.socket for name, daemon in self._daemons.items()}

    def create(self, host: Host, name: str, options: Mapping[str, str]) -> UserspaceBond:
        """Make a bond, down and without slaves, with these options. Raises DriverRefused."""
        daemon = self.daemon(host)
        daemon.call("add", bond=name, options=dict(options))
        bond = daemon.bonds[name] = UserspaceBond(name, host, daemon)
        if self._created:
            self._created(host, options)
        return bond

    def daemon(self, host: Host, *options: str) -> Daemon:
        """The daemon of the host, started with further `options` when it is not running yet."""
        if host.name not in self._daemons:
            socket = self._directory / f"{host.name}.sock"
            process = host.start(["bondd", "--socket", str(socket), "--era", self.era, *options])
            self._undo.push(f"bondd on {host.name}", lambda: _stopped(process))
            daemon = Daemon(host, process, str(socket), self._connect, self._undo)
            self.version = daemon.wait_ready()
            self._daemons[host.name] = daemon
        return self._daemons[host.name]


class Daemon:
    """A running bondd and the bonds made through it."""

    def __init__(
        self, host: Host, process: Process, socket: str, connect: Callable[[str], Client], undo: UndoStack
    ) -> None:
        self.host, self.process, self.socket = host, process, socket
        self.bonds: dict[str, UserspaceBond] = {}
        self._connect, self._undo = connect, undo
        self._files_shown = False

    def call(self, command: str, **fields: Any) -> Any:
        """Result of a command. Raises DriverRefused, DriverDied, or LabBroken when the daemon is silent."""
        __tracebackhide__ = True  # pytest's word: a failure is shown where the command was asked for
        try:
            with closing(self._connect(self.socket)) as client:
                return client.call(command, **fields)
        except MachineError as error:
            if self.process.poll() is not None:
                raise DriverDied(f"{self._died()} (asked for: {command})") from error
            raise LabBroken(f"bondd on {self.host.name}: {error}") from error
        except BondError as error:
            # Its words say all; where in the control protocol they were heard is nobody's concern.
            raise DriverRefused(f"{self.host.name}: {_words(command, fields)}", str(error)) from None

    def wait_ready(self) -> str:
        """Its version, once it answers. Raises DriverDied, or LabBroken when it never does."""

        def answer() -> str | None:
            if self.process.poll() is not None:
                raise DriverDied(self._died())
            try:
                with closing(self._connect(self.socket)) as client:
                    told = client.call("version")
            except MachineError:
                return None
            return " ".join(f"{name} {value}" for name, value in told.items() if name != "pid")

        try:
            version = eventually(answer, START_S, what=f"bondd on {self.host.name} answers")
            return version or ""
        except TimeOut as error:
            raise LabBroken(f"{error}; it printed: {self.process.output().strip() or 'nothing'}") from error

    def show_files(self) -> None:
        """Have its bonds in /sys and /proc of the host from now on. Raises DriverLacks, LabError."""
        if self._files_shown:
            return
        if not FUSE.exists():
            raise DriverLacks(f"its files are shown through FUSE: no {FUSE} on this machine")
        process = show_bonds(self.host, self.socket, Path(self.socket).with_suffix(".files"))
        self._undo.push(f"bondfs on {self.host.name}", lambda: _stopped(process))
        self._files_shown = True

    def _died(self) -> str:
        printed = self.process.output().strip() or "nothing"
        return f"bondd on {self.host.name} ended with status {self.process.poll()}; it printed: {printed}"


class UserspaceBond:
    """BondHandle on a bond of bondimpl."""

    def __init__(self, name: str, host: Host, daemon: Daemon) -> None:
        self.name, self.host, self.daemon = name, host, daemon

    def enslave(self, nic: str) -> None:
        """Add a slave. Raises DriverRefused."""
        self.daemon.call("enslave", bond=self.name, slave=nic)

    def release(self, nic: str) -> None:
        """Detach a slave. Raises DriverRefused."""
        self.daemon.call("release", bond=self.name, slave=nic)

    def set(self, option: str, value: str) -> None:
        """Change an option of the running bond. Raises DriverRefused."""
        self.daemon.call("set", bond=self.name, option=option, value=value)

    def mac(self) -> str:
        """The bond's hardware address; the bond device cannot carry zeroes, which the driver may have."""
        return str(self.daemon.call("show", bond=self.name)["mac"])

    def add_vlan(self, vlan: int) -> str:
        """Make the device for a VLAN over the bond and bring it up; its name. Raises DriverRefused."""
        name = str(self.daemon.call("vlan_add", bond=self.name, id=vlan))
        self.host.run(["ip", "link", "set", "dev", name, "up"])
        return name

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device for that VLAN. Raises DriverRefused."""
        self.daemon.call("vlan_delete", bond=self.name, id=vlan)

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down, as a user would; the daemon has heard of it."""
        self.host.run(["ip", "link", "set", "dev", self.name, "up" if up else "down"])
        # Down and up again within a moment would be nothing to the daemon.
        eventually(
            lambda: self.daemon.call("show", bond=self.name)["admin_up"] == up,
            START_S,
            what=f"{self.host.name}: bondd hears that {self.name} is {'up' if up else 'down'}",
        )

    def proc_text(self) -> str:
        """The text of /proc/net/bonding/NAME."""
        return str(self.daemon.call("proc", bond=self.name))

    def proc_file(self) -> str:
        """Path, on its host, of the file with that text. Raises DriverLacks, LabError."""
        self.daemon.show_files()
        return f"/proc/net/bonding/{self.name}"

    def status(self) -> BondView:
        """`proc_text`, parsed."""
        return parse(self.proc_text())

    def options(self) -> Mapping[str, str]:
        """Every option in force as text: words where an option has them, lists with commas."""
        shown = self.daemon.call("show", bond=self.name)
        return {name: str(value) for name, value in shown["options"].items()}

    def log(self) -> str:
        """The driver's log lines about this bond since it was made."""
        return "\n".join(self.daemon.call("log", bond=self.name))

    def delete(self) -> None:
        """Remove the bond; its slaves are restored."""
        self.daemon.call("delete", bond=self.name)
        self.daemon.bonds.pop(self.name, None)


def _words(command: str, fields: Mapping[str, Any]) -> str:
    """The request as one would type it: `add bond0 mode=active-backup`."""
    words = [command]
    for value in fields.values():
        words += [f"{k}={v}" for k, v in value.items()] if isinstance(value, Mapping) else [str(value)]
    return " ".join(words)


def _stopped(process: Process) -> None:
    if process.poll() is None:
        process.stop()
