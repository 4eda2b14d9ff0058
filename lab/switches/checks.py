"""What every switch refuses, in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.errors import LabError
from lab.switches.base import Lacp, Switch

BRIDGE = "br0"
"""Name of a software switch's own interface."""
MAX_GROUP_NAME = 12  # of the kernel's 15, less those of the stub's other end


def check_port(switch: Switch, port: str) -> None:
    """Raise LabError when the switch has no such port."""
    if port not in switch.ports:
        raise LabError(f"{switch.name} has no port {port}; it has {', '.join(switch.ports)}")


def check_group(
    switch: Switch, groups: Mapping[str, Sequence[str]], name: str, ports: Sequence[str], lacp: Lacp | None
) -> None:
    """Raise LabError unless a group of that name and ports can be added to `groups` (name -> ports)."""
    taken = {port for others in groups.values() for port in others}
    if strangers := [port for port in ports if port not in switch.ports or port in taken]:
        raise LabError(f"{switch.name}: {', '.join(strangers)}: no such port, or in another group already")
    if not ports or len(set(ports)) != len(ports):
        raise LabError(f"{switch.name}: group {name}: a group needs ports, each once, not {list(ports)}")
    if name in (*switch.ports, *groups, BRIDGE) or not 0 < len(name) <= MAX_GROUP_NAME:
        raise LabError(f"{switch.name}: group {name!r}: taken, empty or longer than {MAX_GROUP_NAME} letters")
    if lacp and (strangers := [port for port in lacp.keys if port not in ports]):
        raise LabError(f"{switch.name}: group {name}: LACP keys for {', '.join(strangers)}: not its ports")
