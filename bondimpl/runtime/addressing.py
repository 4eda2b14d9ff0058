"""The IP addresses and routes of an interface, kept and put back: bringing it down loses some of them.

What the kernel makes by itself (link-local addresses, the networks of addresses), what a router told, and
routes over several interfaces are left to the kernel.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from bondimpl.errors import MachineError
from bondimpl.runtime import netlink
from bondimpl.runtime.netlink import Message, Netlink

_NEWADDR, _GETADDR, _NEWROUTE, _GETROUTE = 20, 22, 24, 26
_ADDRESS = struct.Struct("=BBBBi")  # family, prefix, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # family, two prefixes, TOS, table, protocol, scope, type, flags
_OIF, _GATEWAY, _CACHE, _NEXTHOP_ID = 4, 5, 12, 30
_SCOPE_LINK = 253
_BY_KERNEL, _BY_ROUTER = 2, 9
_CLONED, _ONLINK = 0x200, 0x4


def kept(rtnetlink: Netlink, name: str, index: int) -> tuple[Message, ...]:
    """What has to be put back. Raises MachineError."""
    return (*_addresses(rtnetlink, name, index), *sorted(_routes(rtnetlink, name, index), key=_by_gateway))


def put_back(rtnetlink: Netlink, name: str, messages: tuple[Message, ...]) -> None:
    """Add what is not there any more, as far as it goes. Raises MachineError, that of the first refusal."""
    refused: list[MachineError] = []
    for kind, body in messages:
        what = "an address" if kind == _NEWADDR else "a route"
        try:
            rtnetlink.change(f"{name}: cannot put back {what}", kind, body, netlink.CREATE | netlink.EXCL)
        except MachineError as error:
            if error.errno != "EEXIST":
                refused.append(error)
    if refused:
        raise refused[0]


def _addresses(rtnetlink: Netlink, name: str, index: int) -> Iterator[Message]:
    asked = rtnetlink.query(f"addresses of {name}", _GETADDR, _ADDRESS.pack(0, 0, 0, 0, 0), netlink.DUMP)
    for kind, body in asked:
        family, _, _, scope, of = _ADDRESS.unpack_from(body)
        if of == index and (family, scope) != (socket.AF_INET6, _SCOPE_LINK):
            yield kind, body


def _routes(rtnetlink: Netlink, name: str, index: int) -> Iterator[Message]:
    asked = rtnetlink.query(
        f"routes over {name}", _GETROUTE, _ROUTE.pack(0, 0, 0, 0, 0, 0, 0, 0, 0), netlink.DUMP
    )
    for kind, body in asked:
        *first, flags = _ROUTE.unpack_from(body)
        found = netlink.attributes(body[_ROUTE.size :])
        by_itself = first[5] in (_BY_KERNEL, _BY_ROUTER) or flags & _CLONED
        if not by_itself and found.get(_OIF) == struct.pack("=I", index):
            # A nexthop object goes with the interface; the route comes back by the gateway that it had there.
            lost = (_CACHE, _NEXTHOP_ID)
            told = (netlink.attribute(each, value) for each, value in found.items() if each not in lost)
            yield kind, _ROUTE.pack(*first, flags & _ONLINK) + b"".join(told)


def _by_gateway(route: Message) -> bool:
    """Those by a gateway come last: it must be reachable by then."""
    return _GATEWAY in netlink.attributes(route[1][_ROUTE.size :])
