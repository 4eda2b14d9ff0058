"""Network interfaces as the kernel lists them, by index: names may change under us, indexes do not."""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from bondimpl.errors import MachineError
from bondimpl.frames.ethernet import format_mac
from bondimpl.runtime import netlink
from bondimpl.runtime.netlink import Netlink

_NEWLINK, _DELLINK, _GETLINK, _SETLINK = 16, 17, 18, 19
_NEWADDR, _GETADDR = 20, 22
_GROUP_LINK = 1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER, _IFLA_LINKINFO = 1, 3, 4, 5, 10, 18
_IFLA_EXT_MASK, _IFLA_PROMISCUITY, _IFLA_PERM_ADDRESS, _IFLA_ALLMULTI = 29, 30, 54, 61
_SKIP_STATS = 8
_INFO_KIND, _INFO_DATA = 1, 2
_VLAN_ID = 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFA_F_OPTIMISTIC, _IFA_F_TENTATIVE = 0x04, 0x40
_IFF_UP, _IFF_LOOPBACK, _IFF_PROMISC, _IFF_ALLMULTI, _IFF_LOWER_UP = 0x1, 0x8, 0x100, 0x200, 0x10000
_ARPHRD_ETHER = 1
_SO_NETNS_COOKIE = 71
_IFINFO = struct.Struct("=BxHiII")
_NO_STATS = netlink.attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATS))
LOST = -1
"""In place of an index: events were lost, look at everything."""


@dataclass(frozen=True, slots=True)
class Link:
    """One interface. `mac` as long as the device has it, `mtu` in bytes, `carrier` as its driver keeps it.

    `permanent` is the address that its hardware came with, None where it tells none (as virtual ones).
    `kind` is what `ip -d link` shows (bond, tun, veth, vlan ...), empty for hardware. `master`, `lower` are
    indexes. `promiscuous`, `all_multicast`: somebody wants frames to any address, to any group.
    """

    index: int
    name: str
    mac: bytes
    mtu: int
    up: bool
    carrier: bool
    is_ethernet: bool
    is_loopback: bool
    kind: str
    master: int | None
    lower: int | None
    vlan: int | None
    promiscuous: bool
    all_multicast: bool
    permanent: bytes | None = None


class Links:
    """Reads and changes interfaces."""

    def __init__(self) -> None:
        self._netlink = Netlink(socket.NETLINK_ROUTE)
        self.own_vlans: dict[int, tuple[int, int]] = {}
        """VLAN devices of our own, which the kernel takes for TAPs: index -> (index of the one below, id)."""

    def close(self) -> None:
        self._netlink.close()

    @property
    def netlink(self) -> Netlink:
        """For requests about other things than links."""
        return self._netlink

    def by_name(self, name: str) -> Link | None:
        """The interface of that name, None when there is none. Raises MachineError."""
        if not name.isprintable():  # the kernel would take the part before a zero byte for the name
            return None
        return self._get(0, netlink.string(_IFLA_IFNAME, name), name)

    def by_index(self, index: int) -> Link | None:
        """The interface with that index, None when it is gone. Raises MachineError."""
        return self._get(index, b"", f"interface {index}")

    def flags(self, index: int) -> tuple[bool, bool]:
        """(administratively up, carrier) now; an interface that is gone has neither. Raises MachineError."""
        try:
            answers = self._netlink.query(
                f"interface {index}", _GETLINK, _IFINFO.pack(0, 0, index, 0, 0) + _NO_STATS
            )
        except MachineError as error:
            if error.errno == "ENODEV":
                return False, False
            raise
        flags = _IFINFO.unpack_from(answers[0][1])[3]
        return bool(flags & _IFF_UP), bool(flags & _IFF_LOWER_UP)

    def all(self) -> list[Link]:
        """Every interface of this network namespace. Raises MachineError."""
        body = _IFINFO.pack(0, 0, 0, 0, 0) + _NO_STATS
        answers = self._netlink.query("list interfaces", _GETLINK, body, netlink.DUMP)
        return [self._known(_link(body)) for kind, body in answers if kind == _NEWLINK]

    def addresses(self, index: int) -> list[IPv4Address]:
        """IPv4 addresses in the kernel's order, primaries of each subnet first. Raises MachineError."""
        found = (attributes.get(_IFA_LOCAL) for _, attributes in self._addresses(index, socket.AF_INET))
        return [IPv4Address(local) for local in found if local is not None]

    def ipv6_addresses(self, index: int) -> list[IPv6Address]:
        """IPv6 addresses that are in use, not those still looked for elsewhere. Raises MachineError."""
        found = []
        for flags, attributes in self._addresses(index, socket.AF_INET6):
            address = attributes.get(_IFA_LOCAL, attributes.get(_IFA_ADDRESS))
            if address is not None and (not flags & _IFA_F_TENTATIVE or flags & _IFA_F_OPTIMISTIC):
                found.append(IPv6Address(address))
        return found

    def _addresses(self, index: int, family: int) -> Iterator[tuple[int, dict[int, bytes]]]:
        """Flags and attributes of each."""
        request = struct.pack("=BBBBi", family, 0, 0, 0, 0)
        for kind, body in self._netlink.query("list addresses", _GETADDR, request, netlink.DUMP):
            if kind == _NEWADDR and struct.unpack_from("=i", body, 4)[0] == index:
                yield body[2], netlink.attributes(body[8:])

    def set_mac(self, index: int, name: str, mac: bytes) -> None:
        """Raises MachineError."""
        self._set(
            index, f"{name}: cannot set address {format_mac(mac)}", netlink.attribute(_IFLA_ADDRESS, mac)
        )

    def set_mtu(self, index: int, name: str, mtu: int) -> None:
        """`mtu` in bytes. Raises MachineError."""
        self._set(
            index, f"{name}: cannot set MTU {mtu}", netlink.attribute(_IFLA_MTU, struct.pack("=I", mtu))
        )

    def set_up(self, index: int, name: str, up: bool) -> None:
        """Raises MachineError."""
        body = _IFINFO.pack(0, 0, index, _IFF_UP if up else 0, _IFF_UP)
        self._netlink.change(f"{name}: cannot set {'up' if up else 'down'}", _SETLINK, body)

    def set_promiscuous(self, index: int, name: str) -> None:
        """As `ip link set NAME promisc on`. Raises MachineError."""
        body = _IFINFO.pack(0, 0, index, _IFF_PROMISC, _IFF_PROMISC)
        self._netlink.change(f"{name}: cannot be made promiscuous", _SETLINK, body)

    def _set(self, index: int, what: str, attribute: bytes) -> None:
        self._netlink.change(what, _SETLINK, _IFINFO.pack(0, 0, index, 0, 0) + attribute)

    def _get(self, index: int, selector: bytes, what: str) -> Link | None:
        body = _IFINFO.pack(0, 0, index, 0, 0) + selector + _NO_STATS
        try:
            answers = self._netlink.query(what, _GETLINK, body)
        except MachineError as error:
            if error.errno in (
                "ENODEV",
                "EINVAL",
                "ERANGE",
            ):  # the last two: not a name an interface can have
                return None
            raise
        return next((self._known(_link(body)) for kind, body in answers if kind == _NEWLINK), None)

    def _known(self, link: Link) -> Link:
        if link.index not in self.own_vlans:
            return link
        lower, vlan = self.own_vlans[link.index]
        return replace(link, kind="vlan", lower=lower, vlan=vlan)


class LinkEvents:
    """Tells which interfaces changed or went. An accelerator: the state itself is to be read anew."""

    def __init__(self) -> None:
        self._netlink = Netlink(socket.NETLINK_ROUTE, _GROUP_LINK)

    def fileno(self) -> int:
        return self._netlink.fileno()

    def close(self) -> None:
        self._netlink.close()

    def read(self) -> Iterator[tuple[int, bool]]:
        """(index, whether it is gone) of each event; (LOST, False) when some were lost."""
        try:
            for kind, body in self._netlink.events():
                if kind in (_NEWLINK, _DELLINK):
                    yield _IFINFO.unpack_from(body)[2], kind == _DELLINK and not _is_bridge_event(body)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            yield LOST, False


def _is_bridge_event(body: bytes) -> bool:
    # A port leaving a bridge is told as RTM_DELLINK of family AF_BRIDGE; the interface is still there.
    return bool(body[0] == socket.AF_BRIDGE)


def _link(body: bytes) -> Link:
    _, hardware, index, flags, _ = _IFINFO.unpack_from(body)
    found = netlink.attributes(body[_IFINFO.size :])
    info = netlink.attributes(found.get(_IFLA_LINKINFO, b""))
    kind = netlink.text(info.get(_INFO_KIND, b""))
    data = netlink.attributes(info.get(_INFO_DATA, b""))
    vlan = data.get(_VLAN_ID) if kind == "vlan" else None
    return Link(
        index=index,
        name=netlink.text(found.get(_IFLA_IFNAME, b"")),
        mac=found.get(_IFLA_ADDRESS, b""),
        mtu=_number(found.get(_IFLA_MTU)) or 0,
        up=bool(flags & _IFF_UP),
        carrier=bool(flags & _IFF_LOWER_UP),
        is_ethernet=hardware == _ARPHRD_ETHER,
        is_loopback=bool(flags & _IFF_LOOPBACK),
        kind=kind,
        master=_number(found.get(_IFLA_MASTER)),
        lower=_number(found.get(_IFLA_LINK)),
        vlan=None if vlan is None else struct.unpack_from("=H", vlan)[0],
        promiscuous=bool(_number(found.get(_IFLA_PROMISCUITY))),
        # Kernels before 5.17 tell of the user's wish only.
        all_multicast=bool(_number(found.get(_IFLA_ALLMULTI)) or flags & _IFF_ALLMULTI),
        permanent=found.get(_IFLA_PERM_ADDRESS),
    )


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(struct.unpack("=I", value)[0])


def namespace() -> str:
    """Tells the network namespaces of this boot apart.

    The kernel never gives a cookie (since 5.14) twice. An inode, the best that older kernels have, may be.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        try:
            cookie = any_socket.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        except OSError as error:
            if error.errno != errno.ENOPROTOOPT:
                raise
            return f"inode{os.stat('/proc/thread-self/ns/net').st_ino}"
    return str(int.from_bytes(cookie, sys.byteorder))
