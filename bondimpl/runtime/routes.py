"""Where the ARP monitor's probes go: the kernel's routing table, and the devices over a bond."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from bondimpl.errors import MachineError
from bondimpl.machine import ProbePath
from bondimpl.runtime import netlink
from bondimpl.runtime.links import Link, Links

_NEWADDR, _GETADDR, _NEWROUTE, _GETROUTE = 20, 22, 24, 26
_IFADDR = struct.Struct("=BBBBi")
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTMSG = struct.Struct("=8BI")
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_VIA = 1, 4, 5, 7, 18
_NO_ROUTE = ("ENETUNREACH", "EHOSTUNREACH", "EACCES", "EINVAL")
"""How the kernel says so; the last two: the route prohibits, or swallows."""
_STACKED = ("vlan", "macvlan", "ipvlan")
"""Devices whose `lower` is the one they lie on; that of a veth is its far end."""
_UNKNOWN = ProbePath(IPv4Address(0))
_UNKNOWN_6 = ProbePath(IPv6Address("::"))


def probe_path(links: Links, bond: int, target: IPv4Address | IPv6Address) -> ProbePath | None:
    """The way from the bond (its index) to a neighbour; None when another device leads there.

    A target that no route leads to, or an IPv4 target that is not on a link of ours, is asked without a tag
    and by nobody's address, as today's driver does. Raises MachineError.
    """
    if isinstance(target, IPv6Address):
        return _six(links, bond, target)
    device = _device_towards(links, target)
    if device is None:
        return _UNKNOWN
    vlans = () if device == bond else vlans_between(links.all(), bond, device)
    return None if vlans is None else ProbePath(_fitting(links, device, target), vlans)


def _six(links: Links, bond: int, target: IPv6Address) -> ProbePath | None:
    # A gateway is no hindrance here, and a link-local target is a neighbour of the bond itself.
    route = _route(links, socket.AF_INET6, target, bond if target.is_link_local else None)
    if _RTA_OIF not in route:
        return _UNKNOWN_6
    device = _index(route)
    vlans = () if device == bond else vlans_between(links.all(), bond, device)
    source = IPv6Address(route.get(_RTA_PREFSRC, bytes(16)))
    return None if vlans is None else ProbePath(source, vlans)


def _device_towards(links: Links, target: IPv4Address) -> int | None:
    """Index of the device on whose link the target is."""
    route = _route(links, socket.AF_INET, target)
    return _index(route) if _RTA_OIF in route and not route.keys() & {_RTA_GATEWAY, _RTA_VIA} else None


def _route(
    links: Links, family: int, target: IPv4Address | IPv6Address, device: int | None = None
) -> dict[int, bytes]:
    """The attributes of the route to a target (over that device only); none when there is no route."""
    request = _RTMSG.pack(family, target.max_prefixlen, 0, 0, 0, 0, 0, 0, 0)
    request += netlink.attribute(_RTA_DST, target.packed)
    if device is not None:
        request += netlink.attribute(_RTA_OIF, struct.pack("=I", device))
    try:
        answers = links.netlink.query(f"route to {target}", _GETROUTE, request)
    except MachineError as error:
        if error.errno in _NO_ROUTE:
            return {}
        raise
    return next((netlink.attributes(body[_RTMSG.size :]) for kind, body in answers if kind == _NEWROUTE), {})


def _index(route: dict[int, bytes]) -> int:
    return int(struct.unpack("=I", route[_RTA_OIF])[0])


def vlans_between(links: Sequence[Link], bond: int, device: int) -> tuple[int, ...] | None:
    """The VLAN ids on the way up from the bond to a device, outermost first; None: it is not over it."""
    own = next((link for link in links if link.index == bond), None)
    for upper in links:
        stacked = upper.kind in _STACKED and upper.lower == bond
        if not stacked and (own is None or own.master != upper.index):
            continue
        tag = () if upper.vlan is None else (upper.vlan,)
        above = () if upper.index == device else vlans_between(links, upper.index, device)
        if above is not None:
            return tag + above
    return None


def _fitting(links: Links, device: int, target: IPv4Address) -> IPv4Address:
    """The first address of the device in whose network the target is; 0.0.0.0 when there is none."""
    every = _IFADDR.pack(socket.AF_INET, 0, 0, 0, 0)
    for kind, body in links.netlink.query("list addresses", _GETADDR, every, netlink.DUMP):
        _, prefix, _, _, owner = _IFADDR.unpack_from(body)
        if kind != _NEWADDR or owner != device:
            continue
        found = netlink.attributes(body[_IFADDR.size :])
        far = found.get(_IFA_ADDRESS, found.get(_IFA_LOCAL))
        fits = far is not None and target in IPv4Network((far, prefix), strict=False)
        if fits and _IFA_LOCAL in found:
            return IPv4Address(found[_IFA_LOCAL])
    return IPv4Address(0)
