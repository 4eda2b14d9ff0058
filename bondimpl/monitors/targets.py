"""The targets of the ARP monitor, of both kinds (options `arp_ip_target` and `ns_ip6_target`)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from bondimpl.options import BondOptions

Address = IPv4Address | IPv6Address


def of(options: BondOptions) -> tuple[Address, ...]:
    """All of them, in the order in which they are asked."""
    return (*options.arp_ip_target, *options.ns_ip6_target)


def each_must_answer(options: BondOptions) -> Iterator[tuple[Address, ...]]:
    """The targets that `arp_all_targets=all` waits for; of several together one is enough.

    Today's driver keeps one time for the nth target of either kind, and looks at as many as there are IPv4
    targets; at the first when there is none.
    """
    counting: tuple[Address, ...] = options.arp_ip_target or options.ns_ip6_target[:1]
    for place, target in enumerate(counting):
        yield target, *options.ns_ip6_target[place : place + 1]
