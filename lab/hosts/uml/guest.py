"""A guest and the place where it lives: booted once, used by one testbed after another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from lab.hosts.uml.boot import Machine
from lab.hosts.uml.cabling import make_taps
from lab.hosts.uml.channel import Channel
from lab.netns import network_of
from lab.nodes import quiet
from lab.waiting import eventually

BOOT_S = 60.0
PLACE_S = 10.0


class Guest:
    """A guest called `name` with `size` devices vec0, vec1, ...; it boots while the caller goes on.

    `pid` is a process in the network namespace of its TAPs `taps`, to which nothing else belongs.
    Raises LabBroken when no guest can be started here.
    """

    def __init__(self, name: str, size: int, directory: Path) -> None:
        self.size = size
        self.on_link: Callable[[str, bool], None] = lambda _nic, _up: None
        """Called when the guest's NIC was brought up or down."""
        directory.mkdir(parents=True, exist_ok=True)
        self.console = directory / f"{name}-console.log"
        self._place = _new_place()
        try:
            self.pid = self._place.pid
            quiet(self.pid)
            self.taps = make_taps(self.pid, size)
            self._machine = Machine(name, self.pid, self.taps, directory, self.console)
        except BaseException:
            self._leave_place()
            raise
        self.channel = Channel(name, self._machine.serial, self._link_changed, self._machine.last_words)

    def furnish(self, macs: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Nothing in it but NICs, by name with their address, down; waits for its boot. Raises LabBroken."""
        self.channel.greeting("ready", BOOT_S)
        self._machine.booted()
        self.channel.ask("furnish", macs=dict(macs), environment=dict(environment))

    def vacate(self) -> None:
        """End what runs in it and take its NICs away, while the caller goes on."""
        self.on_link = lambda _nic, _up: None
        self.channel.forget()
        self.channel.tell(op="vacate")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._machine.alive

    def kill(self) -> None:
        """End it at once. May be called twice."""
        self._machine.kill()
        self.channel.close()
        self._leave_place()

    def _link_changed(self, nic: str, up: bool) -> None:
        self.on_link(nic, up)

    def _leave_place(self) -> None:
        self._place.kill()
        self._place.wait()


class Guests:
    """The guests of a run, whose files are in `directory`: those not in use wait for the next testbed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._idle: list[Guest] = []
        self._made = 0

    def take(self, size: int) -> Guest:
        """A guest with `size` devices, for the caller alone. Raises LabBroken when there can be none."""
        for guest in tuple(self._idle):
            if not guest.alive:  # it could not be emptied
                self._idle.remove(guest)
                guest.kill()
            elif guest.size == size:
                self._idle.remove(guest)
                return guest
        self._made += 1
        return Guest(f"guest{self._made}", size, self._directory)

    def give_back(self, guest: Guest) -> None:
        """It may be used again, unless it has died."""
        if guest.alive:
            guest.vacate()
            self._idle.append(guest)
        else:
            guest.kill()

    def close(self) -> None:
        """End those that are not in use."""
        while self._idle:
            self._idle.pop().kill()


def _new_place() -> subprocess.Popen[bytes]:
    """A process that does nothing, in a network namespace of its own. Raises TimeOut."""
    process = subprocess.Popen(
        ["mnexec", "-n", "sleep", "infinity"], stdin=subprocess.DEVNULL, start_new_session=True
    )
    ours = network_of(os.getpid())
    eventually(lambda: network_of(process.pid) != ours, PLACE_S, what="a namespace for a guest", every=0.001)
    return process
