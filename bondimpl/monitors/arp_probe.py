"""The probes of the ARP monitor: one question for each target (HOWTO sections 2 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from bondimpl.frames import arp
from bondimpl.machine import ProbePath

NO_ADDRESS = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to be sent on any slave."""

    target: IPv4Address
    path: ProbePath

    def frame(self, mac: bytes) -> bytes:
        """As it leaves by the slave with that address (6 bytes)."""
        return arp.request(self.path.source, mac, self.target, self.path.vlans)


def plan(
    targets: Iterable[IPv4Address],
    way: Callable[[IPv4Address], ProbePath | None],
    own: Sequence[IPv4Address],
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
            path = path or ProbePath(NO_ADDRESS)
            if path.source == NO_ADDRESS and own:
                path = replace(path, source=own[0])
        if path is not None:
            probes.append(Probe(target, path))
    return tuple(probes)
