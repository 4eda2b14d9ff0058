"""What a bond looks like from outside, as frozen data and as JSON. Its /proc text is made in proc.py."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from bondimpl.era import Era
from bondimpl.frames.ethernet import format_mac
from bondimpl.lacp.snapshot import LacpStatus, lacp_json, port_json
from bondimpl.options import BondOptions, as_text
from bondimpl.slave import Link
from bondimpl.state import BondState


@dataclass(frozen=True, slots=True)
class SlaveStatus:
    """One slave. `speed_mbit` in Mbit/s; MACs are 6 bytes."""

    name: str
    link: Link
    active: bool
    failures: int
    permanent_mac: bytes
    speed_mbit: int | None
    duplex: str | None
    queue_id: int
    prio: int


@dataclass(frozen=True, slots=True)
class BondStatus:
    """One bond. `lacp` in mode 802.3ad only."""

    name: str
    era: Era
    options: BondOptions
    mac: bytes
    admin_up: bool
    carrier: bool
    active: str | None
    primary: str | None
    slaves: tuple[SlaveStatus, ...]
    lacp: LacpStatus | None = None


def snapshot(state: BondState, lacp: LacpStatus | None = None) -> BondStatus:
    """The state as frozen data."""
    return BondStatus(
        name=state.name,
        era=state.era,
        options=state.options,
        mac=state.mac,
        admin_up=state.admin_up,
        carrier=state.carrier,
        active=state.active.name if state.active else None,
        primary=state.primary.name if state.primary else None,
        slaves=tuple(
            SlaveStatus(
                name=slave.name,
                link=slave.link,
                active=slave is state.active,
                failures=slave.failures,
                permanent_mac=slave.permanent_mac,
                speed_mbit=slave.speed.mbit,
                duplex=slave.speed.duplex,
                queue_id=slave.options.queue_id,
                prio=slave.options.prio,
            )
            for slave in state.slaves.values()
        ),
        lacp=lacp,
    )


def as_json(status: BondStatus) -> dict[str, Any]:
    """Plain JSON values: options as text, MACs as aa:bb:cc:dd:ee:ff, link and port states by name."""
    shown: dict[str, Any] = {
        "name": status.name,
        "era": status.era.name,
        "mode": status.options.mode.value,
        "mac": format_mac(status.mac),
        "admin_up": status.admin_up,
        "carrier": status.carrier,
        "active": status.active,
        "primary": status.primary,
        "options": as_text(status.options),
        "slaves": [_slave_json(slave, status.lacp) for slave in status.slaves],
    }
    return shown | {"lacp": lacp_json(status.lacp)} if status.lacp else shown


def _slave_json(slave: SlaveStatus, lacp: LacpStatus | None) -> dict[str, Any]:
    shown = dataclasses.asdict(slave) | {
        "link": slave.link.name.lower(),
        "mii_status": slave.link.value,
        "permanent_mac": format_mac(slave.permanent_mac),
    }
    port = lacp.ports.get(slave.name) if lacp else None
    return shown | {"lacp": port_json(port)} if port else shown
