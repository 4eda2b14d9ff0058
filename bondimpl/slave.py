"""A member of a bond: its link as the monitor judges it, and what it was before it joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bondimpl.machine import PortInfo, Speed
from bondimpl.options import SlaveOptions


class Link(Enum):
    """State of a slave's link. The values are the words of /proc/net/bonding."""

    UP = "up"
    FAIL = "going down"  # lost, downdelay running
    DOWN = "down"
    BACK = "going back"  # returned, updelay running


@dataclass(slots=True, eq=False)
class Slave:
    """One slave. `delay` counts the polls that downdelay or updelay still has to run.

    `mac` (6 bytes) is the address that it wears now. `tried`: the ARP monitor has taken it in turn to see
    whether it works; it is BACK while its turn lasts, and FAIL after one in vain. `carrier`: what the device
    last told of it, where a mode looks at that itself.
    """

    original: PortInfo
    mac: bytes
    link: Link = Link.DOWN
    delay: int = 0
    failures: int = 0
    tried: bool = False
    carrier: bool = True
    speed: Speed = field(default_factory=Speed)
    options: SlaveOptions = field(default_factory=SlaveOptions)

    @property
    def name(self) -> str:
        """Interface name."""
        return self.original.name

    @property
    def permanent_mac(self) -> bytes:
        """The address (6 bytes) it had when it was enslaved, and will have again."""
        return self.original.mac

    @property
    def carries(self) -> bool:
        """Whether it takes part: a failing link does until downdelay has run out."""
        return self.link is Link.UP or (self.link is Link.FAIL and not self.tried)
