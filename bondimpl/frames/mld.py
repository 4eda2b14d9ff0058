"""Multicast listener reports of IPv6: version 1 (RFC 2710) and 2 (RFC 3810)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address

from bondimpl.frames import ethernet, ndisc

_V2_ROUTERS = IPv6Address("ff02::16")
_V1_REPORT, _V2_REPORT = 131, 143
_MODE_IS_EXCLUDE = 2
_HOP_BY_HOP, _HOPS = 0, 1
_ROUTER_ALERT = bytes([ndisc.ICMPV6, 0, 5, 2, 0, 0, 1, 0])
"""The hop-by-hop header: ICMPv6 follows, routers are to look at it."""
_MOST = 61
"""Groups of one report: with them it has the size that every IPv6 link carries (1280 bytes)."""


def reports(
    version: int,
    groups: Sequence[IPv6Address],
    *,
    source: IPv6Address,
    mac: bytes,
    vlan: int | None = None,
) -> Iterator[bytes]:
    """The frames by which a host at `mac` (6 bytes) says that it hears the groups, from whatever sender.

    Version 1 has a frame for each group, version 2 one for all of them, as long as they fit.
    """
    if version == 1:
        for group in groups:
            body = struct.pack("!BBHI", _V1_REPORT, 0, 0, 0) + group.packed
            yield _frame(source, group, body, mac, vlan)
        return
    for first in range(0, len(groups), _MOST):
        told = groups[first : first + _MOST]
        records = b"".join(struct.pack("!BBH16s", _MODE_IS_EXCLUDE, 0, 0, group.packed) for group in told)
        body = struct.pack("!BBHHH", _V2_REPORT, 0, 0, 0, len(told)) + records
        yield _frame(source, _V2_ROUTERS, body, mac, vlan)


def _frame(source: IPv6Address, to: IPv6Address, body: bytes, mac: bytes, vlan: int | None) -> bytes:
    payload = _ROUTER_ALERT + ndisc.with_checksum(source, to, body)
    header = struct.pack("!IHBB", 6 << 28, len(payload), _HOP_BY_HOP, _HOPS) + source.packed + to.packed
    return ethernet.build(ndisc.group_mac(to), mac, ethernet.ETHERTYPE_IPV6, header + payload, vlan)
