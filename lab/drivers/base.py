"""The BondDriver protocol: the same case runs on bondimpl and on the real kernel driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from lab.hosts.base import Host
from lab.procfile import BondView

Era = Literal["howto", "6.x"]
"""Whose behaviour a driver has: the HOWTO's, or that of a present kernel."""

Created = Callable[[Host, Mapping[str, str]], None]
"""Told the host and the options of a bond that was made."""


class BondHandle(Protocol):
    """One bond on one host."""

    name: str
    host: Host

    def enslave(self, nic: str) -> None:
        """Add a slave. Raises DriverRefused."""

    def release(self, nic: str) -> None:
        """Detach a slave. Raises DriverRefused."""

    def set(self, option: str, value: str) -> None:
        """Change an option of the running bond. Raises DriverRefused."""

    def mac(self) -> str:
        """The bond's hardware address aa:bb:cc:dd:ee:ff, as the driver has it."""

    def add_vlan(self, vlan: int) -> str:
        """Make the device for a VLAN over the bond and bring it up; its name. Raises DriverRefused."""

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device for that VLAN. Raises DriverRefused."""

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down."""

    def proc_text(self) -> str:
        """The text of /proc/net/bonding/NAME."""

    def proc_file(self) -> str:
        """Path, on its host, of the file with that text. Raises DriverLacks, LabError."""

    def status(self) -> BondView:
        """`proc_text`, parsed."""

    def options(self) -> Mapping[str, str]:
        """Every option in force as text: words where an option has them, lists with commas."""

    def log(self) -> str:
        """The driver's log lines about this bond since it was made."""

    def delete(self) -> None:
        """Remove the bond; its slaves are restored."""


class BondDriver(Protocol):
    """A way to make bonds on a host."""

    name: str

    @property
    def version(self) -> str:
        """What it is, in words; empty until it has been asked for a bond."""

    @property
    def era(self) -> Era:
        """Whose behaviour it has."""

    @property
    def bonds(self) -> Sequence[BondHandle]:
        """The bonds that are there, on all hosts."""

    def create(self, host: Host, name: str, options: Mapping[str, str]) -> BondHandle:
        """Make a bond, down and without slaves, with these options. Raises DriverRefused."""
