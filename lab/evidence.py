"""The state of a testbed in files, for whoever looks into a failure later. Pure look: nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from lab.cables import PatchCable
from lab.errors import LabError
from lab.hosts.base import Host
from lab.switches.base import Switch
from lab.waiting import TimeOut

PATIENCE_S = 5.0
"""A host that does not answer is no reason to wait for long."""
T = TypeVar("T")
IP_LOOKS = {
    "link": ("-details", "-json", "-statistics", "link", "show"),
    "addr": ("-details", "-json", "addr", "show"),
    "route": ("-details", "-json", "route", "show", "table", "all"),
    "neigh": ("-json", "neigh", "show"),
}


class Scene(Protocol):
    """The part of a testbed that is looked at."""

    @property
    def hosts(self) -> Mapping[str, Host]: ...
    @property
    def switches(self) -> Mapping[str, Switch]: ...
    @property
    def cables(self) -> Mapping[str, PatchCable]: ...


def evidence(scene: Scene) -> dict[str, str]:
    """Text by the name of its file: ip(8)'s view of each host, each switch, the cables.

    What cannot be told is an entry that says why.
    """
    files = {}
    for name, host in scene.hosts.items():
        for what, words in IP_LOOKS.items():
            files[f"{name}-ip-{what}.json"] = _told(partial(_ip, host, words))
    for name, switch in scene.switches.items():
        files[f"{name}-switch.json"] = _told(partial(_json, switch_state, switch))
    for name, cable in scene.cables.items():
        files[f"cable-{name}.json"] = _told(partial(_json, cable_state, cable))
    return files


def switch_state(switch: Switch) -> dict[str, Any]:
    """Its MAC table, its ports, its groups and, where it speaks LACP, both ends' view of each port."""
    groups: dict[str, Any] = {}
    for name, ports in switch.groups.items():
        groups[name] = {"ports": ports, "taking part": switch.members(name)}
        try:
            groups[name]["lacp"] = [str(port) for port in switch.lacp_ports(name)]
        except LabError:
            continue  # a static one
    return {
        "mac table": {learned.mac: learned.port for learned in switch.mac_table()},
        "forwarding": {port: switch.forwards(port) for port in switch.ports},
        "groups": groups,
    }


def cable_state(cable: PatchCable) -> dict[str, Any]:
    """What has been done to it and is not healed; the rules with their counters."""
    return {
        "ends": [str(cable.a), str(cable.b)],
        "plugged": cable.plugged,
        "Mbit/s": cable.rate_mbit,
        "impairments": {key: cable.rules_in_force(key).splitlines() for key in cable.impairments},
        "delayed from": [str(end) for end in cable.detours],
    }


def _ip(host: Host, words: Sequence[str]) -> str:
    return host.run(["ip", *words], timeout_s=PATIENCE_S).stdout


def _json(state: Callable[[T], dict[str, Any]], of: T) -> str:
    return json.dumps(state(of), indent=2)


def _told(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except (LabError, OSError, TimeOut) as error:
        return json.dumps({"cannot be told": str(error)})
