"""What a bond looks like from outside: /proc/net/bonding text in both layouts, and JSON (HOWTO 5.1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bondimpl.era import Era
from bondimpl.frames.ethernet import format_mac
from bondimpl.option_kinds import Mode
from bondimpl.options import ACTIVE_MODES, BondOptions, as_text, row
from bondimpl.slave import Link
from bondimpl.state import BondState

HOWTO_VERSION = "2.6.1 (October 29, 2004)"
"""Version and date that the driver of the HOWTO's time shows."""

PRETTY_MODES = {
    Mode.BALANCE_RR: "load balancing (round-robin)",
    Mode.ACTIVE_BACKUP: "fault-tolerance (active-backup)",
    Mode.BALANCE_XOR: "load balancing (xor)",
    Mode.BROADCAST: "fault-tolerance (broadcast)",
    Mode.IEEE8023AD: "IEEE 802.3ad Dynamic link aggregation",
    Mode.BALANCE_TLB: "transmit load balancing",
    Mode.BALANCE_ALB: "adaptive load balancing",
}


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
    """One bond."""

    name: str
    era: Era
    options: BondOptions
    mac: bytes
    admin_up: bool
    carrier: bool
    active: str | None
    primary: str | None
    slaves: tuple[SlaveStatus, ...]


def snapshot(state: BondState) -> BondStatus:
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
    )


def proc_text(status: BondStatus, version: str) -> str:
    """The file's text in the layout of the bond's era; `version` is shown by today's layout only."""
    lines = _today(status, version) if status.era.modern_proc else _howto(status)
    return "".join(f"{line}\n" for line in lines)


def _howto(status: BondStatus) -> Iterator[str]:
    options = status.options
    yield f"Ethernet Channel Bonding Driver: v{HOWTO_VERSION}"
    yield ""
    yield f"Bonding Mode: {PRETTY_MODES[options.mode]}"
    if options.mode in ACTIVE_MODES:
        yield f"Primary Slave: {options.primary or 'None'}"
    if options.mode in ACTIVE_MODES or options.mode is Mode.BALANCE_RR:
        # The HOWTO's sample has this line in mode 0, too.
        yield f"Currently Active Slave: {status.active or 'None'}"
    yield f"MII Status: {_up_or_down(status.carrier)}"
    yield f"MII Polling Interval (ms): {options.miimon}"
    yield f"Up Delay (ms): {options.updelay}"
    yield f"Down Delay (ms): {options.downdelay}"
    for slave in status.slaves:
        yield ""
        yield f"Slave Interface: {slave.name}"
        yield f"MII Status: {_up_or_down(slave.link is Link.UP)}"
        yield f"Link Failure Count: {slave.failures}"
        yield f"Permanent HW addr: {format_mac(slave.permanent_mac)}"


def _today(status: BondStatus, version: str) -> Iterator[str]:
    options = status.options
    yield f"Ethernet Channel Bonding Driver: v{version}"
    yield ""
    yield f"Bonding Mode: {PRETTY_MODES[options.mode]}{_address_policy(options)}"
    if options.mode in (Mode.BALANCE_XOR, Mode.IEEE8023AD):
        number = row("xmit_hash_policy").kind.number(options.xmit_hash_policy)
        yield f"Transmit Hash Policy: {options.xmit_hash_policy} ({number})"
    if options.mode in ACTIVE_MODES:
        primary = (
            f"{status.primary} (primary_reselect {options.primary_reselect})" if status.primary else "None"
        )
        yield f"Primary Slave: {primary}"
        yield f"Currently Active Slave: {status.active or 'None'}"
    yield f"MII Status: {_up_or_down(status.carrier)}"
    yield f"MII Polling Interval (ms): {options.miimon}"
    yield f"Up Delay (ms): {options.updelay}"
    yield f"Down Delay (ms): {options.downdelay}"
    yield f"Peer Notification Delay (ms): {options.peer_notif_delay}"
    for slave in status.slaves:
        yield ""
        yield f"Slave Interface: {slave.name}"
        yield f"MII Status: {slave.link.value}"
        yield f"Speed: {f'{slave.speed_mbit} Mbps' if slave.speed_mbit else 'Unknown'}"
        yield f"Duplex: {slave.duplex or 'Unknown'}"
        yield f"Link Failure Count: {slave.failures}"
        yield f"Permanent HW addr: {format_mac(slave.permanent_mac)}"
        yield f"Slave queue ID: {slave.queue_id}"


def _up_or_down(up: bool) -> str:
    return "up" if up else "down"


def _address_policy(options: BondOptions) -> str:
    follows = options.mode is Mode.ACTIVE_BACKUP and options.fail_over_mac != "none"
    return f" (fail_over_mac {options.fail_over_mac})" if follows else ""


def as_json(status: BondStatus) -> dict[str, Any]:
    """The same as plain JSON values: options as text, MACs as aa:bb:cc:dd:ee:ff, link states by name."""
    return {
        "name": status.name,
        "era": status.era.name,
        "mode": status.options.mode.value,
        "mac": format_mac(status.mac),
        "admin_up": status.admin_up,
        "carrier": status.carrier,
        "active": status.active,
        "primary": status.primary,
        "options": as_text(status.options),
        "slaves": [
            dataclasses.asdict(slave)
            | {"link": slave.link.name.lower(), "mii_status": slave.link.value}
            | {"permanent_mac": format_mac(slave.permanent_mac)}
            for slave in status.slaves
        ],
    }
