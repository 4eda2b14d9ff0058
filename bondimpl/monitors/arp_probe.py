"""The probes of the ARP monitor: one question for each target (HOWTO sections 2 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from bondimpl.frames import arp, ndisc
from bondimpl.machine import ProbePath
from bondimpl.monitors.targets import Address

_NOBODY: dict[type, Address] = {IPv4Address: IPv4Address(0), IPv6Address: ndisc.UNSPECIFIED}


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to be sent on any slave: by ARP, or by neighbour solicitation."""

    target: Address
    path: ProbePath

    def frame(self, mac: bytes) -> bytes:
        """As it leaves by the slave with that address (6 bytes)."""
        match self.path.source, self.target:
            case IPv4Address() as source, IPv4Address() as target:
                return arp.request(source, mac, target, self.path.vlans)
            case IPv6Address() as source, IPv6Address() as target:
                return ndisc.solicitation(source, mac, target, self.path.vlans)
        raise TypeError(f"{self.target} cannot be asked by {self.path.source}")


def plan(
    targets: Iterable[Address],
    way: Callable[[Address], ProbePath | None],
    own: Sequence[Address],
    *,
    ignore_routes: bool,
) -> tuple[Probe, ...]:
    """The probes of one round. A target that is reached by another device than the bond is not asked.

    `ignore_routes`: it is asked all the same, and who fits no target asks with the first address of `own`.
    """
    probes = []
    for target in targets:
        path = way(target)
        if ignore_routes:
            path = path or ProbePath(_NOBODY[type(target)])
            if path.source == _NOBODY[type(target)]:
                alike = (address for address in own if type(address) is type(target))
                path = replace(path, source=next(alike, path.source))
        if path is not None:
            probes.append(Probe(target, path))
    return tuple(probes)
