"""LACP for the bridge switch: 802.3ad bonds of bondimpl, whose devices are ports of the bridge.

member p1 --\\                    +--------+
             >-- bondd -- bond po1 | bridge |
member p2 --/                    +--------+
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.drivers.userspace import UserspaceBond, UserspaceDriver
from lab.hosts.namespace import NamespaceHost
from lab.lacp import NO_SYSTEM, LacpState
from lab.nodes import ip_batch
from lab.switches.base import GroupPolicy, Lacp, LacpPort
from lab.switches.checks import BRIDGE
from lab.undo import UndoStack

HASH: Mapping[GroupPolicy, str] = {"xor-mac": "layer2", "xor-ip": "layer2+3"}
MIIMON_MS = 50


@dataclass(frozen=True, slots=True)
class _Group:
    """`bonds`: one, and one more for each key of a port."""

    ports: tuple[str, ...]
    bonds: tuple[UserspaceBond, ...]


class LacpGroups:
    """The LACP groups of one switch, by name; `node` is Mininet's node of it. Methods raise LabError.

    All of them speak as one system, the switch, whose address is that of its first port.
    """

    def __init__(self, node: Any, ports: tuple[str, ...], run_dir: Path, log_dir: Path) -> None:
        self._host = NamespaceHost(node, ports, log_dir)
        self._undo = UndoStack()
        self._driver = UserspaceDriver(run_dir, self._undo, "6.x")
        self._system = self._host.mac(ports[0])
        self._groups: dict[str, _Group] = {}
        self._made = 0

    @property
    def ports(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each group."""
        return {name: group.ports for name, group in self._groups.items()}

    def add(self, name: str, ports: Sequence[str], policy: GroupPolicy, lacp: Lacp) -> None:
        """Take the ports from the bridge, and give it the group."""
        self._made += 1
        by_key: dict[int, list[str]] = {}
        for port in ports:
            by_key.setdefault(lacp.keys.get(port, self._made), []).append(port)
        ip_batch(self._host.pid, [f"link set dev {port} nomaster down" for port in ports])
        bonds = []
        for key, members in by_key.items():
            device = name if key == self._made else f"{name}{key}"
            bond = self._driver.create(self._host, device, self._options(policy, lacp, key))
            for port in members:
                bond.enslave(port)
            ip_batch(self._host.pid, [f"link set dev {device} up master {BRIDGE}"])
            bonds.append(bond)
        self._groups[name] = _Group(tuple(ports), tuple(bonds))

    def remove(self, name: str) -> None:
        """Dissolve the group; its ports go back to the bridge."""
        group = self._groups.pop(name)
        for bond in group.bonds:
            bond.delete()
        ip_batch(self._host.pid, [f"link set dev {port} up master {BRIDGE}" for port in group.ports])

    def views(self, name: str) -> tuple[LacpPort, ...]:
        """Each port of the group as the switch sees it."""
        group = self._groups[name]
        views = {view.port: view for bond in group.bonds for view in _views(bond)}
        return tuple(views[port] for port in group.ports)

    def members(self, name: str) -> tuple[str, ...]:
        """The ports of the group that carry frames, from the bridge to their partner and back."""
        group = self._groups[name]
        up = [bond for bond in group.bonds if self._host.interfaces.ready(bond.name)]
        carrying = {view.port for bond in up for view in _views(bond) if view.attached}
        return tuple(port for port in group.ports if port in carrying)

    def close(self) -> None:
        """End the daemon and let go of the namespace. Raises ExceptionGroup of what failed."""
        self._undo.unwind()
        self._host.close()

    def _options(self, policy: GroupPolicy, lacp: Lacp, key: int) -> dict[str, str]:
        return {
            "mode": "802.3ad",
            "miimon": str(MIIMON_MS),
            "xmit_hash_policy": HASH[policy],
            "lacp_active": "on" if lacp.mode == "active" else "off",
            "lacp_rate": "fast" if lacp.fast else "slow",
            "ad_actor_system": self._system,
            "ad_user_port_key": str(key),
            # As a switch does, and unlike a host: no partner, no frames.
            "lacp_strict": "on",
        }


def _views(bond: UserspaceBond) -> list[LacpPort]:
    rows = bond.daemon.call("show", bond=bond.name)["slaves"]
    return [_view(row["name"], row["lacp"]) for row in rows]


def _view(port: str, row: Any) -> LacpPort:
    actor, partner = (LacpState(row[side]["state_octet"]) for side in ("actor", "partner"))
    partner_system = str(row["partner"]["system"])
    return LacpPort(
        port=port,
        attached=bool(row["carries"]) and partner_system != NO_SYSTEM,
        system=str(row["actor"]["system"]),
        partner_system=partner_system,
        actor_state=actor,
        partner_state=partner,
    )
