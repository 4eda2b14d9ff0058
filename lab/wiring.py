"""Laying the cables of a topology, all at once: one ip(8), one nft transaction."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

from lab.cables import End, Panel, PatchCable
from lab.errors import TopologyError
from lab.interfaces import Interfaces
from lab.linkwatch import LinkWatcher
from lab.nodes import ip_batch
from lab.topology import Host, Port, Topology

# The kernel reports a veth's carrier at once only when the indices of its two ends differ; otherwise up to a
# second late. So every end gets an index that nothing else in the testbed has.
FIRST_INDEX = 1000
# The cable itself has no MTU: what two devices agree on must pass.
TAP_MTU = 9216
MAX_NICS = 255


def hardware_addresses(topology: Topology) -> dict[Port, str]:
    """Addresses: of NICs 02:00:00:00:00:XX, host under test first; of switch ports 02:00:00:00:01:XX."""
    tested = topology.host("host")
    hosts = (tested, *(host for host in topology.hosts if host is not tested))
    return {**_numbered(hosts, 0), **_numbered([Host(s.name, s.ports) for s in topology.switches], 1)}


def _numbered(nodes: Sequence[Host], block: int) -> dict[Port, str]:
    ports = [Port(node.name, nic) for node in nodes for nic in node.nics]
    if len(ports) > MAX_NICS:
        raise TopologyError(f"{len(ports)} NICs or switch ports; the lab has addresses for {MAX_NICS}")
    return {port: f"02:00:00:00:{block:02x}:{number:02x}" for number, port in enumerate(ports, start=1)}


def lay_cables(
    topology: Topology, panel: Panel, devices: Mapping[str, Interfaces], watcher: LinkWatcher
) -> dict[str, PatchCable]:
    """All cables of the topology by name; all NICs and ports are made, those without a cable too, down.

    `devices` are the interfaces of each node by its name. Raises LabError, OSError.
    """
    addresses = hardware_addresses(topology)
    cables: dict[str, PatchCable] = {}
    ip_lines: list[str] = []
    nft_lines: list[str] = []
    indices = itertools.count(FIRST_INDEX)
    for number, cable in enumerate(topology.cables):
        ends = []
        for side, port in (("a", cable.a), ("b", cable.b)):
            device = devices[port.node]
            end = End(port, f"c{number}{side}", device, next(indices), f"from_{side}")
            ip_lines.append(_pair(end.tap, next(indices), port.name, end.index, addresses[port], device.pid))
            ends.append(end)
        table = f"cable{number}"
        nft_lines += _join(table, ends[0], ends[1])
        cables[cable.name] = PatchCable(cable, panel, table, (ends[0], ends[1]))
        for end in ends:
            callback = partial(cables[cable.name].device_changed, end)
            watcher.subscribe(end.device.pid, end.index, callback)
    cabled = {end for cable in topology.cables for end in (cable.a, cable.b)}
    for number, port in enumerate(port for port in addresses if port not in cabled):
        # Its tap stays down for ever: an empty socket, without a carrier.
        pid = devices[port.node].pid
        ip_lines.append(_pair(f"open{number}", next(indices), port.name, next(indices), addresses[port], pid))
    ip_batch(panel.pid, ip_lines)
    panel.nft.run("\n".join(nft_lines))
    return cables


def switch_on(
    topology: Topology, devices: Mapping[str, Interfaces], cables: Mapping[str, PatchCable]
) -> None:
    """Bring all NICs and ports up, then the cables' own ends. Raises OSError, LabBroken."""
    for port in hardware_addresses(topology):
        devices[port.node].set_up(port.name, True)
    for patch in cables.values():
        patch.connect()
    for patch in cables.values():
        patch.settle()


def send_whole_checksums(topology: Topology, devices: Mapping[str, Interfaces]) -> None:
    """Let hosts send complete frames where a program reads them as bytes, as Open vSwitch. Raises OSError.

    Otherwise the kernel leaves TCP's checksum to the NIC, which here leaves it out: to a receiver on this
    machine the kernel can say so, but not by way of a program.
    """
    on_switch = any(switch.kind == "ovs" for switch in topology.switches)
    if on_switch or any(host.bonding == "ovs" for host in topology.hosts):
        for host in topology.hosts:
            for nic in host.nics:
                devices[host.name].leave_checksums_to_the_nic(nic, False)


def _pair(tap: str, tap_index: int, device: str, index: int, address: str, pid: int) -> str:
    return (
        f"link add name {tap} index {tap_index} mtu {TAP_MTU} type veth "
        f"peer name {device} index {index} address {address} netns {pid}"
    )


def _join(table: str, a: End, b: End) -> list[str]:
    lines = [f"table netdev {table} {{"]
    for end, other in ((a, b), (b, a)):
        lines.append(f" chain faults_{end.chain} {{ }}")
        lines.append(
            f' chain {end.chain} {{ type filter hook ingress device "{end.tap}" priority 0; policy drop; '
            f'jump faults_{end.chain}; fwd to "{other.tap}"; }}'
        )
    return [*lines, "}"]
