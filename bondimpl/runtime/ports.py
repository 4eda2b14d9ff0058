"""A NIC: what it is before it is enslaved, and what is asked of it and done to it as a slave."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from bondimpl.errors import MachineError, SlaveError
from bondimpl.machine import PortInfo, Speed
from bondimpl.runtime.ethtool import Ethtool
from bondimpl.runtime.links import Link, Links


class Port:
    """A NIC, held by its index, so that it may be renamed. `name` is the one it was found by."""

    def __init__(self, links: Links, ethtool: Ethtool, index: int, name: str) -> None:
        self.index = index
        self.name = name
        self._links = links
        self._ethtool = ethtool

    def link(self) -> Link | None:
        """The interface as it is now, None when it is gone."""
        return self._links.by_index(self.index)

    def admin_up(self) -> bool:
        """Whether it is administratively up; a NIC that is gone is down."""
        return self._links.flags(self.index)[0]

    def carrier(self) -> bool:
        """The carrier flag of its driver; a NIC that is gone has none."""
        return self._links.flags(self.index)[1]

    def mii_link(self) -> bool | None:
        """The link bit of its MII status register, None when the request fails."""
        name = self.current_name()
        return None if name is None else self._ethtool.mii_link(name)

    def ethtool_link(self) -> bool | None:
        """ETHTOOL_GLINK, None when the request fails."""
        name = self.current_name()
        return None if name is None else self._ethtool.link(name)

    def speed(self) -> Speed:
        """Speed and duplex by ethtool."""
        name = self.current_name()
        return Speed() if name is None else self._ethtool.speed(name)

    def filters_vlans(self) -> bool:
        """Whether it drops frames of VLANs it was not told of."""
        name = self.current_name()
        return name is not None and self._ethtool.filters_vlans(name)

    def set_mac(self, mac: bytes) -> None:
        """Raises MachineError."""
        self._links.set_mac(self.index, self.name, mac)

    def set_mtu(self, mtu: int) -> None:
        """Raises MachineError."""
        self._links.set_mtu(self.index, self.name, mtu)

    def set_up(self, up: bool) -> None:
        """Raises MachineError."""
        self._links.set_up(self.index, self.name, up)

    def current_name(self) -> str | None:
        """Its present name, None when it is gone."""
        try:
            return socket.if_indextoname(self.index)
        except OSError:
            return None


def find(links: Links, name: str) -> Link:
    """The interface of that name. Raises SlaveError (ENODEV)."""
    link = links.by_name(name)
    if link is None:
        raise SlaveError(f"{name}: there is no such interface", "ENODEV")
    return link


@dataclass(frozen=True, slots=True)
class Family:
    """The bonds of this daemon, unknown to the kernel: interface indexes, and the owner of each slave."""

    bonds: frozenset[int]
    owners: Mapping[int, str]


def port_info(links: Links, link: Link, family: Family) -> PortInfo:
    """What the core wants to know of an interface. Raises MachineError."""
    return PortInfo(
        name=link.name,
        mac=link.mac,
        mtu=link.mtu,
        up=link.up,
        is_ethernet=link.is_ethernet and not link.is_loopback,
        is_bond=link.kind == "bond" or link.index in family.bonds,
        master=_master(links, link) or family.owners.get(link.index),
    )


def _master(links: Links, link: Link) -> str | None:
    master = links.by_index(link.master) if link.master else None
    return master.name if master else None


def require(port: Port | None, name: str) -> Port:
    """That port. Raises MachineError when the machine has not taken it over."""
    if port is None:
        raise MachineError(f"{name}: not taken over", "ENODEV")
    return port
