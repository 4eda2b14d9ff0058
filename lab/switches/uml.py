"""A switch that is a User-Mode Linux guest: the kernel's bridge, and its bonds as port groups.

     guest
   +------------------------------+
p1 | p1 --\\                +-----+ |
p2 | p2 ---- bond po1 ----| br0 | |
p5 | p5 ------------------|     | |
   +----------------------+-----+-+
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.cables import Panel, PatchCable
from lab.errors import LabError
from lab.hosts.uml.host import UmlHost
from lab.lacp import NO_SYSTEM
from lab.linkwatch import LinkWatcher
from lab.procfile import BondView, parse
from lab.switches import kernel_bridge
from lab.switches.base import GroupPolicy, Lacp, LacpPort, Learned, PortCounters
from lab.switches.checks import BRIDGE, check_group, check_port

HASH: Mapping[GroupPolicy, str] = {"xor-mac": "layer2", "xor-ip": "layer2+3"}
MIIMON_MS = 50


@dataclass(frozen=True, slots=True)
class _Group:
    """`bonds`: one, and one more for each key of a port, with its ports."""

    ports: tuple[str, ...]
    lacp: Lacp | None
    bonds: dict[str, list[str]]


class UmlSwitch:
    """A learning switch without IGMP snooping or addresses of its own, in the guest of `host`.

    It speaks the LACP of the kernel's bonding driver. As that does, and unlike a switch, a group without a
    partner lets one of its ports carry frames. Changes take it a tenth of a second.
    """

    def __init__(self, host: UmlHost) -> None:
        self.name, self.ports, self.node = host.name, host.nics, host.node
        self.pid = host.pid
        self.interfaces = host.outer
        self._host = host
        self._groups: dict[str, _Group] = {}
        self._made = 0

    def assemble(self) -> None:
        """Nothing: `plug_in` does it, when the guest has booted."""

    def plug_in(self, cables: Iterable[PatchCable], panel: Panel, watcher: LinkWatcher) -> None:
        """Wait until it has booted, join its ports to `cables`, make the bridge. Raises LabError."""
        self._host.plug_in(cables, panel, watcher)
        kernel_bridge.new_bridge(self._run, self.ports)
        # Otherwise the driver brings a bond of its own.
        self._run(("modprobe", "bonding", "max_bonds=0"), "")

    def group(
        self, name: str, ports: Sequence[str], policy: GroupPolicy = "xor-mac", lacp: Lacp | None = None
    ) -> None:
        """Make a trunk group of `ports`: static, or with `lacp` an 802.3ad aggregation. Raises LabError."""
        check_group(self, self.groups, name, ports, lacp)
        self._made += 1
        bonds: dict[str, list[str]] = {}
        for port in ports:
            keyed = lacp is not None and port in lacp.keys
            bonds.setdefault(f"{name}{lacp.keys[port]}" if lacp and keyed else name, []).append(port)
        lines = [f"link set dev {port} nomaster down" for port in ports]
        for device, members in bonds.items():
            key = lacp.keys.get(members[0], self._made) if lacp else self._made
            lines.append(
                f"link add name {device} type bond miimon {MIIMON_MS} {self._how(policy, lacp, key)}"
            )
            lines += [f"link set dev {port} master {device}" for port in members]
            lines.append(f"link set dev {device} up master {BRIDGE}")
        kernel_bridge.ip_batch(self._run, lines)
        self._groups[name] = _Group(tuple(ports), lacp, bonds)

    def ungroup(self, name: str) -> None:
        """Dissolve a trunk group; its ports are plain ports again. Raises LabError."""
        group = self._group(name)
        lines = [f"link del dev {device}" for device in group.bonds]
        lines += [f"link set dev {port} up master {BRIDGE}" for port in group.ports]
        kernel_bridge.ip_batch(self._run, lines)
        del self._groups[name]

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each trunk group, by its name, whether they take part or not."""
        return {name: group.ports for name, group in self._groups.items()}

    def members(self, name: str) -> tuple[str, ...]:
        """The ports of a group that take part at present. Raises LabError."""
        group = self._group(name)
        if group.lacp:
            return tuple(view.port for view in self.lacp_ports(name) if view.carries)
        up = {s.name for view in self._views(group) for s in view.slaves if s.mii_status == "up"}
        return tuple(port for port in group.ports if port in up)

    def lacp_ports(self, name: str) -> tuple[LacpPort, ...]:
        """The switch's own view of each port of an LACP group. Raises LabError."""
        group = self._group(name)
        if not group.lacp:
            raise LabError(f"{self.name}: {name} is no LACP group")
        views = {port.port: port for view in self._views(group) for port in _ports(view)}
        return tuple(views[port] for port in group.ports)

    def forwards(self, port: str) -> bool:
        """Whether frames pass the port (for a member of a group: whether it takes part). Raises LabError."""
        check_port(self, port)
        for name, group in self._groups.items():
            if port in group.ports:
                return port in self.members(name)
        return kernel_bridge.port_forwards(self._run, port)

    def port_admin(self, port: str, up: bool) -> None:
        """Enable or disable a port; the far end of its cable sees the carrier follow. Raises LabError."""
        check_port(self, port)
        self.interfaces.set_up(port, up)

    def spanning_tree(self, on: bool) -> None:
        """Switch spanning tree on or off, as on `lab.switches.bridge`. Raises LabError."""
        kernel_bridge.set_spanning_tree(self._run, on)

    def vlan(self, port: str, access: int | None = None, trunk: Sequence[int] = ()) -> None:
        """Raises LabError: not built for this make."""
        raise LabError(f"{self.name}: the switch in a guest knows no VLANs: take a switch of kind ovs")

    def counters(self, port: str) -> PortCounters:
        """What the port has received and sent. Raises LabError."""
        check_port(self, port)
        return kernel_bridge.port_counters(self._run, port)

    def mac_table(self) -> tuple[Learned, ...]:
        """The learned addresses (not the switch's own)."""
        return tuple(kernel_bridge.learned(self._run))

    def flush(self) -> None:
        """Forget all learned addresses."""
        kernel_bridge.flush(self._run)

    def close(self) -> None:
        """Give the guest back."""
        self._host.close()

    def _run(self, argv: Sequence[str], text_in: str) -> str:
        return self._host.run(argv, text_in=text_in).stdout

    def _group(self, name: str) -> _Group:
        if name not in self._groups:
            raise LabError(f"{self.name}: no group {name}; there are: {', '.join(self._groups) or 'none'}")
        return self._groups[name]

    def _how(self, policy: GroupPolicy, lacp: Lacp | None, key: int) -> str:
        """Options of ip(8) for the bond. Raises LabError."""
        if policy == "round-robin" and not lacp:
            return "mode balance-rr"
        if policy not in HASH:
            raise LabError(f"{self.name}: no policy {policy!r} for this group; there are: {', '.join(HASH)}")
        if not lacp:
            return f"mode balance-xor xmit_hash_policy {HASH[policy]}"
        system = f"ad_actor_system {self._host.mac(self.ports[0])} ad_user_port_key {key}"
        speaks = "on" if lacp.mode == "active" else "off"
        rate = "fast" if lacp.fast else "slow"
        how = f"xmit_hash_policy {HASH[policy]} lacp_active {speaks} lacp_rate {rate}"
        return f"mode 802.3ad {how} {system}"

    def _views(self, group: _Group) -> list[BondView]:
        return [parse(self._host.read(f"/proc/net/bonding/{device}")) for device in group.bonds]


def _ports(view: BondView) -> Iterator[LacpPort]:
    """The ports of an 802.3ad bond, of which those of the aggregator in use are attached."""
    in_use = view.ad.aggregator.id if view.ad and view.ad.aggregator else None
    for slave in view.slaves:
        if slave.actor is None or slave.partner is None:
            raise LabError(f"{slave.name}: the status says nothing of LACP")
        partner = slave.partner.system_mac
        yield LacpPort(
            port=slave.name,
            attached=slave.mii_status == "up" and slave.aggregator_id == in_use and partner != NO_SYSTEM,
            system=slave.actor.system_mac,
            partner_system=partner,
            actor_state=slave.actor.state,
            partner_state=slave.partner.state,
        )
