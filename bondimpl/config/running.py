"""The running bonds as a configuration."""

from __future__ import annotations

from typing import Any

from bondimpl.config.apply import Control
from bondimpl.config.model import BondConfig, BondEntry, Member, VlanEntry
from bondimpl.options import BondOptions, table

_USUAL_MTU = 1500


def running(control: Control) -> BondConfig:
    """What bondd knows of them: options that are not the usual ones, slaves, MTU, VLANs; no IP addresses."""
    return BondConfig(tuple(_entry(control.call("show", bond=name)) for name in control.call("list")))


def _entry(shown: dict[str, Any]) -> BondEntry:
    options = [
        (name, shown["options"][name])
        for name, row in table(BondOptions).items()
        if name == "mode" or shown["options"][name] != row.kind.text(row.default)
    ]
    return BondEntry(
        name=shown["name"],
        options=tuple(options),
        slaves=tuple(Member(slave["name"]) for slave in shown["slaves"]),
        mtu=shown["mtu"] if shown["mtu"] != _USUAL_MTU else None,
        vlans=tuple(VlanEntry(vlan["id"], vlan["name"]) for vlan in shown["vlans"]),
    )
