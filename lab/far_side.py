"""What a bond finds at the far ends of its cables: switch ports, grouped as its mode wants them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from lab.switches.base import GroupPolicy, Lacp, Switch
from lab.topology import Port, Topology
from lab.waiting import eventually

GROUPED_MODES = ("balance-rr", "balance-xor", "broadcast")
LACP_MODE = "802.3ad"
GROUP = "po1"


class Bed(Protocol):
    """What is used of a testbed."""

    @property
    def topology(self) -> Topology: ...

    def switch(self, role: str) -> Switch: ...


class SwitchPorts:
    """The switch ports among `far_ends`; those that end on hosts are left alone."""

    def __init__(self, bed: Bed, far_ends: Sequence[Port]) -> None:
        self.bed = bed
        switches = {switch.name for switch in bed.topology.switches}
        self._ports: dict[str, list[str]] = {}
        for end in far_ends:
            if end.node in switches:
                self._ports.setdefault(end.node, []).append(end.name)
        self._one_trunk = len(far_ends) > 1 and [len(p) for p in self._ports.values()] == [len(far_ends)]
        self._aggregates: list[tuple[str, set[str]]] = []  # switch, and ports of it that have one key

    @property
    def speak_lacp(self) -> bool:
        """Whether there is an LACP group."""
        return bool(self._aggregates)

    def group(self, mode: str, policy: GroupPolicy, lacp: Lacp) -> None:
        """Make the group GROUP if the mode wants it: static on one switch, LACP on each. Raises LabError."""
        if mode == LACP_MODE:
            for node, ports in self._ports.items():
                self.bed.switch(node).group(GROUP, ports, policy, lacp)
                keys = {lacp.keys.get(port) for port in ports}
                self._aggregates += [(node, {p for p in ports if lacp.keys.get(p) == key}) for key in keys]
        elif mode in GROUPED_MODES and self._one_trunk:
            for node, ports in self._ports.items():
                self.bed.switch(node).group(GROUP, ports, policy)

    def wait_forwarding(self, within: float) -> None:
        """Wait until frames pass the ports: they may not when all slaves are up. Raises TimeOut.

        Of several switches or keys one will do: a bond uses one aggregator only.
        """
        if self._aggregates:
            eventually(self._one_carries, within, what=f"all ports of a group {GROUP}, and of one key, carry")
            return
        for node, ports in self._ports.items():
            for port in ports:
                forwards = partial(self.bed.switch(node).forwards, port)
                eventually(forwards, within, what=f"{node}:{port} forwards frames")

    def _one_carries(self) -> bool:
        return any(
            ports <= {port.port for port in self.bed.switch(node).lacp_ports(GROUP) if port.carries}
            for node, ports in self._aggregates
        )
