"""What ip(8) and bridge(8) tell of a bridge, and its spanning tree (IEEE 802.1D, the kernel's own)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from lab.switches.base import Learned, PortCounters
from lab.switches.checks import BRIDGE

Run = Callable[[Sequence[str], str], str]
"""Runs a command where the bridge is, with a text as its input; what it prints. Raises LabError."""

FORWARD_DELAY_S = 2
"""How long a port listens, and then learns, with spanning tree: the shortest that 802.1D allows."""


def ip_batch(run: Run, lines: Sequence[str]) -> None:
    """Run lines of ip(8), in one process. Raises LabError at the first failure."""
    run(("ip", "-batch", "-"), "".join(f"{line}\n" for line in lines))


def new_bridge(run: Run, ports: Sequence[str]) -> None:
    """Make the bridge of these ports, without spanning tree and IGMP snooping. Raises LabError."""
    ip_batch(
        run,
        (
            f"link add name {BRIDGE} type bridge mcast_snooping 0 stp_state 0 forward_delay 0",
            f"link set dev {BRIDGE} up",
            *(f"link set dev {port} master {BRIDGE}" for port in ports),
        ),
    )


def set_spanning_tree(run: Run, on: bool) -> None:
    """Switch spanning tree on or off. Raises LabError."""
    delay = FORWARD_DELAY_S * 100  # in 1/100 s
    # In this order: with spanning tree on, the kernel refuses a delay of 0.
    how = (f"forward_delay {delay}", "stp_state 1") if on else ("stp_state 0", "forward_delay 0")
    ip_batch(run, [f"link set dev {BRIDGE} type bridge {what}" for what in how])


def port_forwards(run: Run, port: str) -> bool:
    """Whether the bridge's port is in the state of forwarding. Raises LabError."""
    rows = json.loads(run(("bridge", "-json", "link", "show", "dev", port), "") or "[]")
    return any(row.get("state") == "forwarding" for row in rows)


def learned(run: Run) -> Iterator[Learned]:
    """The addresses that the bridge has learned. Raises LabError."""
    rows = json.loads(run(("bridge", "-json", "fdb", "show", "br", BRIDGE), "") or "[]")
    return (
        Learned(row["mac"], row["ifname"])
        for row in rows
        if row.get("master") == BRIDGE and row.get("state") != "permanent"
    )


def flush(run: Run) -> None:
    """Forget all learned addresses. Raises LabError."""
    ip_batch(run, (f"link set dev {BRIDGE} type bridge fdb_flush",))


def port_counters(run: Run, port: str) -> PortCounters:
    """The counters of a device, whatever forwards its frames. Raises LabError."""
    (row,) = json.loads(run(("ip", "-statistics", "-json", "link", "show", "dev", port), ""))
    received, sent = row["stats64"]["rx"], row["stats64"]["tx"]
    return PortCounters(received["packets"], sent["packets"], received["bytes"], sent["bytes"])
