"""A guest's interfaces, asked over the serial line: as `lab.interfaces`, half a millisecond a question."""

from __future__ import annotations

from typing import Any

from lab.hosts.uml.channel import Channel
from lab.interfaces import IFF_RUNNING, IFF_UP, Interfaces


class GuestInterfaces:
    """The interfaces of a guest by name. Every method may raise OSError, or LabBroken: the guest is gone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def flags(self, name: str) -> int:
        """The IFF_ flags."""
        return int(self._told(name, "flags"))

    def is_up(self, name: str) -> bool:
        """Whether it is administratively up."""
        return bool(self.flags(name) & IFF_UP)

    def set_up(self, name: str, up: bool) -> None:
        """Set it administratively up or down."""
        self._channel.ask("set_up", name=name, up=up)

    def carrier(self, name: str) -> bool:
        """Whether there is a carrier, at this moment (an interface that is down has none)."""
        return bool(self._told(name, "carrier"))

    def ready(self, name: str) -> bool:
        """Whether frames pass; see `lab.interfaces.Interfaces.ready`."""
        return bool(self._told(name, "ready"))

    def mac(self, name: str) -> str:
        """Hardware address, aa:bb:cc:dd:ee:ff."""
        return str(self._told(name, "mac"))

    def index(self, name: str) -> int:
        """Interface index, in the guest."""
        return int(self._told(name, "index"))

    def _told(self, name: str, what: str) -> Any:
        return self._channel.ask("link", name=name)[what]


class OuterInterfaces(Interfaces):
    """The outer half of a guest's NICs, as a patch cable sees it: its device is both halves together.

    Whether it is up is asked of the outer half, which has it from the guest; whether frames pass, of both.
    """

    def __init__(self, pid: int, guest: GuestInterfaces) -> None:
        super().__init__(pid)
        self._guest = guest

    def set_up(self, name: str, up: bool) -> None:
        """Set the guest's NIC up or down; the outer half has followed on return."""
        self._guest.set_up(name, up)

    def follow(self, name: str, up: bool) -> None:
        """Set the outer half alone: the guest's NIC is so already."""
        super().set_up(name, up)

    def carrier(self, name: str) -> bool:
        """Whether the guest's NIC has a carrier."""
        return self._guest.carrier(name)

    def ready(self, name: str) -> bool:
        """Whether frames pass both halves."""
        running = bool(super().flags(name) & IFF_RUNNING)
        return running and super().carrier(name) and self._guest.ready(name)
