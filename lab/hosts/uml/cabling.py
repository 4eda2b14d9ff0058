"""The outer half of a guest's NICs: TAPs that its kernel opens, joined to the ends of patch cables."""

from __future__ import annotations

from collections.abc import Sequence

from lab.nodes import ip_batch, run_in
from lab.wiring import TAP_MTU


def make_taps(pid: int, size: int) -> tuple[str, ...]:
    """That many TAPs, up, in the namespace of `pid`, for the guest's vec0, vec1, ... Raises LabError.

    They stay up whatever happens to the NIC: the guest's kernel gives up a TAP that fails once.
    """
    taps = tuple(f"uml{number}" for number in range(size))
    ip_batch(pid, [f"tuntap add dev {tap} mode tap" for tap in taps])
    ip_batch(pid, [f"link set dev {tap} up" for tap in taps])
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


def part(pid: int, nics: Sequence[str]) -> None:
    """Take the NICs away, and their cables' ends with them. Raises LabError."""
    run_in(pid, ("nft", "-f", "-"), "delete table netdev guest")
    ip_batch(pid, [f"link del dev {nic}" for nic in nics])
