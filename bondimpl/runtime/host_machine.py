"""What `bondctl apply` does to interfaces itself: it is bondd that owns the bonds."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Callable, Mapping
from ipaddress import IPv4Interface

from bondimpl.config.model import Address
from bondimpl.errors import MachineError
from bondimpl.frames.ethernet import parse_mac
from bondimpl.runtime import addressing, interfaces, netlink
from bondimpl.runtime.links import Link, Links

_NEWADDR = 20
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_LOAD_S = 60
_BORROWING = ("tun", "vlan", "bond", "bridge", "team", "macvlan", "ipvlan")
"""Kinds of devices that have the address of a NIC below them."""


class HostMachine:
    """The host that this runs on. `loader` is a program that loads the module it is given, like modprobe.

    Without one nothing is loaded: the drivers of NICs are the business of the system. Every method raises
    MachineError.
    """

    def __init__(self, loader: str | None = None) -> None:
        self._links, self._loader = Links(), loader

    def close(self) -> None:
        """Close the descriptors."""
        self._links.close()

    def load(self, module: str) -> None:
        """Have the loader load it."""
        if self._loader is None:
            return
        command = f"{self._loader} {module}"
        try:
            done = subprocess.run(
                [self._loader, module], capture_output=True, text=True, timeout=_LOAD_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MachineError(f"{command}: {error}", "EIO") from error
        if done.returncode:
            said = " ".join(done.stderr.split()) or f"ended with status {done.returncode}"
            raise MachineError(f"{command}: {said}", "EIO")

    def name_of(self, mac: str, lent: Mapping[str, str]) -> str | None:
        """The NIC that has this permanent address; bonds, bridges and VLAN devices share addresses with NICs.

        Of a NIC that tells none it is the one in `lent` (by name: addresses before others were lent), or else
        its present one.
        """
        wanted, links = parse_mac(mac), self._links.all()
        nics = [link for link in links if link.kind not in _BORROWING]
        told = [link.name for link in nics if link.permanent == wanted]
        taken = [
            link.name
            for link in nics
            if not link.permanent
            and wanted == (parse_mac(lent[link.name]) if link.name in lent else link.mac)
        ]
        return next(iter(told + taken), None)

    def exists(self, name: str) -> bool:
        """Whether there is such an interface."""
        return self._links.by_name(name) is not None

    def set_up(self, name: str, up: bool) -> None:
        """Bring it up or down."""
        self._links.set_up(self._find(name).index, name, up)

    def set_mtu(self, name: str, mtu: int) -> None:
        """In bytes."""
        self._links.set_mtu(self._find(name).index, name, mtu)

    def set_mac(self, name: str, mac: str) -> None:
        """Change the hardware address."""
        self._links.set_mac(self._find(name).index, name, parse_mac(mac))

    def add_address(self, name: str, address: Address) -> None:
        """Add an IP address. IPv4 gets the network's broadcast address, unless it has one of its own."""
        ip = address.ip
        body = netlink.attribute(_IFA_LOCAL, ip.ip.packed) + netlink.attribute(_IFA_ADDRESS, ip.ip.packed)
        if isinstance(ip, IPv4Interface) and (address.broadcast or ip.network.prefixlen < 31):
            broadcast = address.broadcast or ip.network.broadcast_address
            body += netlink.attribute(_IFA_BROADCAST, broadcast.packed)
        family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
        header = struct.pack("=BBBBi", family, ip.network.prefixlen, 0, 0, self._find(name).index)
        self._links.netlink.change(
            f"{name}: cannot add {ip}", _NEWADDR, header + body, netlink.CREATE | netlink.EXCL
        )

    def keep_addresses(self, name: str) -> Callable[[], None]:
        """What puts its addresses and routes back as they are now."""
        messages = addressing.kept(self._links.netlink, name, self._find(name).index)
        return lambda: addressing.put_back(self._links.netlink, name, messages)

    def clear_address(self, name: str) -> None:
        """Take its IPv4 address away."""
        interfaces.clear_address(name)

    def _find(self, name: str) -> Link:
        link = self._links.by_name(name)
        if link is None:
            raise MachineError(f"{name}: there is no such interface", "ENODEV")
        return link
