"""bondd: many bonds in one process and one thread."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bondimpl.clock import RealClock
from bondimpl.era import Era
from bondimpl.errors import BondError, MachineError
from bondimpl.events import Event
from bondimpl.runtime import commands
from bondimpl.runtime.control_server import ControlServer
from bondimpl.runtime.ethtool import Ethtool
from bondimpl.runtime.instance import Host, Instance
from bondimpl.runtime.journal import Journal
from bondimpl.runtime.links import LOST, LinkEvents, Links
from bondimpl.runtime.lock import Lock
from bondimpl.runtime.loop import Loop, Signals
from bondimpl.runtime.ports import Family
from bondimpl.runtime.privileges import require_privileges
from bondimpl.runtime.protocol import PROTOCOL
from bondimpl.runtime.shield import Shield
from bondimpl.runtime.takeover import Takeover


@dataclass(frozen=True, slots=True)
class Settings:
    """How bondd was started."""

    socket: Path
    era: Era
    fault_shim: bool = False
    verbose: bool = False


def serve(settings: Settings) -> None:
    """Run until a signal; every slave is given back then, and on error. Raises MachineError at start."""
    require_privileges()
    _prepare_directory(settings.socket)
    with ExitStack() as undo:
        lock = Lock(_beside(settings.socket, "lock"), f"a bondd is listening at {settings.socket} already")
        undo.callback(lock.release)
        daemon = Daemon(settings, undo)
        say(f"listening at {settings.socket} (era {settings.era.name})")
        daemon.run()


def say(line: str) -> None:
    """A line about the daemon itself. What bonds have to say goes to their log."""
    with contextlib.suppress(OSError):  # whoever read our stderr may have gone; the bonds go on
        print(f"bondd: {line}", file=sys.stderr, flush=True)


class Daemon:
    """Everything that runs; `undo` is handed the way to take it apart, in reverse order."""

    def __init__(self, settings: Settings, undo: ExitStack) -> None:
        """Gives back what a killed daemon left, then listens. Raises MachineError."""
        self._settings = settings
        self.era = settings.era
        self.instances: dict[str, Instance] = {}
        self._told_of_newer: set[tuple[str | None, int]] = set()
        clock = RealClock()
        self._loop = Loop(clock, say)
        undo.callback(self._loop.close)
        signals = Signals(self._loop)
        undo.callback(signals.close)
        links, ethtool, shield = Links(), Ethtool(), Shield()
        for each in (links, ethtool, shield):
            undo.callback(each.close)
        takeover = Takeover(links, shield, Journal(settings.socket))
        takeover.repair(say)
        self._host = Host(settings.era, clock, self._loop, links, ethtool, takeover, settings.fault_shim)
        self._server = ControlServer(settings.socket, self._loop, clock, self._execute, self._on_newer)
        undo.callback(self._server.close)
        self._link_events = LinkEvents()
        undo.callback(self._link_events.close)
        self._loop.add(self._link_events.fileno(), self._on_link_events)
        undo.callback(self._delete_all)

    def run(self) -> None:
        """Until a signal."""
        self._loop.run()

    def add(self, name: str, options: Mapping[str, str]) -> None:
        """Make a bond. Raises BondError; nothing is changed then."""
        if name in self.instances:
            raise BondError(f"{name}: there is such a bond already", "EEXIST")
        self.instances[name] = Instance(name, options, self._host, self._on_event, self._on_lost)

    def delete(self, name: str) -> None:
        """Remove a bond; its slaves are given back. Raises BondError when one of them could not be."""
        self._told_of_newer = {told for told in self._told_of_newer if told[0] != name}
        self.instances.pop(name).close()

    def family(self) -> Family:
        """Our bonds and their slaves by interface index."""
        every = self.instances.values()
        owners = {port.index: each.name for each in every for port in each.machine.ports.values()}
        return Family(frozenset(each.index for each in every), owners)

    def follow(self) -> None:
        """Let every bond know what was done to its device. An error is said, not raised."""
        for instance in list(self.instances.values()):
            self._follow(instance, instance.follow_device)

    def _execute(self, request: dict[str, Any]) -> Any:
        return commands.execute(self, request)

    def _on_newer(self, bond: str | None, version: int) -> None:
        bond = bond if bond in self.instances else None
        if (bond, version) in self._told_of_newer:
            return
        self._told_of_newer.add((bond, version))
        line = f"a client speaks version {version} of the control protocol, bondd {PROTOCOL}: it may not work"
        if bond is None:
            say(line)
        else:
            self.instances[bond].bond.note(line)

    def _on_link_events(self, _events: int) -> None:
        changed: set[int] = set()
        gone: set[int] = set()
        for index, is_gone in self._link_events.read():
            (gone if is_gone else changed).add(index)
        # A device over a bond may want other frames from it.
        below = {link.lower for link in map(self._host.links.by_index, changed - {LOST}) if link}
        for instance in list(self.instances.values()):
            slaves = {port.index for port in instance.machine.ports.values()}
            if (changed | below) & {instance.index, LOST, *instance.machine.vlans.indexes}:
                self._follow(instance, instance.follow_device)
                self._follow(instance, instance.follow_vlans)
            if slaves & (gone | changed) or LOST in changed:
                self._follow(instance, instance.follow_slaves)

    def _follow(self, instance: Instance, what: Callable[[], None]) -> None:
        try:
            what()
        except BondError as error:
            say(f"{instance.name}: {error}")

    def _on_event(self, event: Event) -> None:
        self._server.publish(event)
        if self._settings.verbose and event.kind == "log":
            say(event.value)

    def _on_lost(self, name: str) -> None:
        say(f"{name}: the bond device was deleted; its slaves are given back")
        self.delete(name)

    def _delete_all(self) -> None:
        for name in list(self.instances):
            try:
                self.delete(name)
            except BondError as error:
                say(f"{name}: {error}")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


def _prepare_directory(path: Path) -> None:
    """Make the directory of the socket. Raises MachineError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"cannot make {path.parent}: {error.strerror}", "EACCES") from error
