"""Packet sockets on interfaces that only the guest has: its bond, its VLANs.

Such a socket is bound to a spare TAP of the node. In the guest, what comes in at the interface is copied to
that TAP, and what is sent on the TAP leaves by the interface. So it hears what the guest receives, not what
the guest itself sends, and a frame that the interface refuses is lost without an error. From the first such
socket on the guest has an interface `probe0`, which stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.errors import LabError
from lab.hosts.uml.inside.nics import CABLING, MTU, handing_on, joined
from lab.hosts.uml.interfaces import GuestInterfaces

Run = Callable[[Sequence[str], str], None]


class Probes:
    """The spare TAPs `taps`, which in the guest are the devices vec`first` and up.

    `run(argv, text_in)` runs a command in the guest.
    """

    def __init__(self, taps: Sequence[str], first: int, run: Run, interfaces: GuestInterfaces) -> None:
        self._taps, self._first, self._run, self._interfaces = taps, first, run, interfaces
        self._joined: dict[str, int] = {}  # interface -> index that it had
        self._numbers: dict[str, int] = {}

    def tap(self, interface: str) -> str:
        """The TAP that speaks for the guest's interface. Raises OSError: no such interface; LabError."""
        index = self._interfaces.index(interface)
        if interface not in self._numbers:
            if len(self._numbers) == len(self._taps):
                raise LabError(f"packet sockets on {interface}: there are {len(self._taps)} probes only")
            self._numbers[interface] = len(self._numbers)
            self._make(self._numbers[interface])
        number = self._numbers[interface]
        if self._joined.get(interface) != index:
            self._join(interface, number)
            self._joined[interface] = index
        return self._taps[number]

    def _make(self, number: int) -> None:
        probe, ear = f"probe{number}", f"ear{number}"
        veth = f"link add name {probe} mtu {MTU} type veth peer name {ear} mtu {MTU} netns {CABLING}"
        self._run(("ip", "-batch", "-"), f"{veth}\nlink set dev {probe} up\n")
        self._run(("ip", "-n", CABLING, "link", "set", "dev", ear, "up"), "")
        lines = joined(f"vec{self._first + number}", ear)
        self._run(("tc", "-n", CABLING, "-batch", "-"), "\n".join(lines) + "\n")

    def _join(self, interface: str, number: int) -> None:
        probe = f"probe{number}"
        lines = handing_on(interface, f"mirror dev {probe}") + handing_on(probe, f"redirect dev {interface}")
        self._run(("tc", "-batch", "-"), "\n".join(lines) + "\n")
