"""The outer half of a guest's NICs: TAPs that its kernel opens, joined to the ends of patch cables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.nodes import ip_batch, run_in
from lab.wiring import TAP_MTU


@dataclass(frozen=True, slots=True)
class Taps:
    """Names of TAPs in the node's namespace: one for each NIC, in order, and spare ones for probes."""

    nics: tuple[str, ...]
    probes: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """In the order of the guest's vec0, vec1, ..."""
        return (*self.nics, *self.probes)


def make_taps(pid: int, nics: int, probes: int) -> Taps:
    """TAPs for that many NICs and probes, up, in the namespace of `pid`. Raises LabError.

    They stay up whatever happens to the NIC: the guest's kernel gives up a TAP that fails once.
    """
    taps = Taps(tuple(f"uml{n}" for n in range(nics)), tuple(f"probe{n}" for n in range(probes)))
    ip_batch(pid, [f"tuntap add dev {tap} mode tap" for tap in taps.all])
    ip_batch(pid, [f"link set dev {tap} up" for tap in taps.all])
    return taps


def join(pid: int, nics: Sequence[str], taps: Sequence[str]) -> None:
    """Hand on what comes in at each NIC to its TAP and back, in the namespace of `pid`. Raises LabError."""
    # The guest's NIC has an MTU; this half must not add one of its own.
    ip_batch(pid, [f"link set dev {nic} mtu {TAP_MTU}" for nic in nics])
    chains = [
        f' chain {source} {{ type filter hook ingress device "{source}" priority 0; fwd to "{target}"; }}'
        for nic, tap in zip(nics, taps, strict=True)
        for source, target in ((nic, tap), (tap, nic))
    ]
    run_in(pid, ("nft", "-f", "-"), "\n".join(["table netdev guest {", *chains, "}"]))
