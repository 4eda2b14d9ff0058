"""What the files of `bonding/` and `bonding_slave/` read as, made from what bondd shows of a bond.

Formats, and what is empty in which mode, are those of the driver of Linux 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bondimpl.options import ACTIVE_MODES, row

Shown = Mapping[str, Any]
"""A bond, or one of its slaves, as `bondctl show --json` has it."""

Reader = Callable[[Shown, bool], str]
"""`(bond, privileged)` -> the text, without its newline. The secrets of 802.3ad are for root only."""

_WORDS = (
    *("mode", "arp_validate", "arp_all_targets", "primary_reselect", "fail_over_mac", "xmit_hash_policy"),
    *("lacp_rate", "lacp_active", "ad_select"),
)
_NUMBERS = (
    *("miimon", "updelay", "downdelay", "peer_notif_delay", "use_carrier", "arp_interval", "arp_missed_max"),
    *("num_grat_arp", "num_unsol_na", "resend_igmp", "min_links", "lp_interval", "packets_per_slave"),
    *("all_slaves_active", "tlb_dynamic_lb"),
)
_AD_OPTIONS = ("ad_actor_sys_prio", "ad_actor_system", "ad_user_port_key")
_AGGREGATOR = {
    "ad_aggregator": "number",
    "ad_num_ports": "ports",
    "ad_actor_key": "actor_key",
    "ad_partner_key": "partner_key",
}


def _option(name: str) -> Reader:
    """`word number`, or a number alone."""
    known = row(name)

    def read(bond: Shown, _privileged: bool) -> str:
        text: str = bond["options"][known.name]
        number = str(known.kind.number(known.parse(text)))
        return f"{text} {number}" if name in _WORDS else number

    return read


def _ad_option(name: str) -> Reader:
    def read(bond: Shown, privileged: bool) -> str:
        return str(bond["options"][name]) if "lacp" in bond and privileged else ""

    return read


def _aggregator(name: str) -> Reader:
    def read(bond: Shown, privileged: bool) -> str:
        if "lacp" not in bond or (name != "number" and name != "ports" and not privileged):
            return ""
        active = bond["lacp"]["active_aggregator"]
        return str(active[name]) if active else "0"

    return read


def _partner_mac(bond: Shown, privileged: bool) -> str:
    active = bond["lacp"]["active_aggregator"] if "lacp" in bond and privileged else None
    return str(active["partner_system"]) if active else ""


def _active_slave(bond: Shown, _privileged: bool) -> str:
    return (bond["active"] or "") if bond["mode"] in ACTIVE_MODES else ""


def _queues(bond: Shown, _privileged: bool) -> str:
    return " ".join(f"{slave['name']}:{slave['queue_id']}" for slave in bond["slaves"])


BOND_FILES: Mapping[str, Reader] = {
    **{name: _option(name) for name in (*_WORDS, *_NUMBERS)},
    **{name: _ad_option(name) for name in _AD_OPTIONS},
    **{name: _aggregator(field) for name, field in _AGGREGATOR.items()},
    "ad_partner_mac": _partner_mac,
    "active_slave": _active_slave,
    "arp_ip_target": lambda bond, _: bond["options"]["arp_ip_target"].replace(",", " "),
    "mii_status": lambda bond, _: "up" if bond["carrier"] else "down",
    "primary": lambda bond, _: bond["primary"] or "",
    "queue_id": _queues,
    "slaves": lambda bond, _: " ".join(slave["name"] for slave in bond["slaves"]),
}
"""The files of `bonding/`."""

READ_ONLY = frozenset({*_AGGREGATOR, "ad_partner_mac", "mii_status"})
"""Those of them that cannot be written."""


def _state(bond: Shown, slave: Shown) -> str:
    if bond["mode"] == "active-backup":
        return "active" if slave["active"] else "backup"
    return "active" if "lacp" not in slave or slave["lacp"]["carries"] else "backup"


def _port(*path: str) -> Callable[[Shown, Shown], str]:
    def read(_bond: Shown, slave: Shown) -> str:
        port = slave.get("lacp")
        if not port or port["aggregator"] is None:
            return "N/A"
        for name in path:
            port = port[name]
        return str(port)

    return read


SLAVE_FILES: Mapping[str, Callable[[Shown, Shown], str]] = {
    "ad_actor_oper_port_state": _port("actor", "state_octet"),
    "ad_aggregator_id": _port("aggregator"),
    "ad_partner_oper_port_state": _port("partner", "state_octet"),
    "link_failure_count": lambda _, slave: str(slave["failures"]),
    "mii_status": lambda _, slave: slave["mii_status"],
    "perm_hwaddr": lambda _, slave: slave["permanent_mac"],
    "queue_id": lambda _, slave: str(slave["queue_id"]),
    "state": _state,
}
"""The files of `bonding_slave/`: `(bond, slave)` -> the text, without its newline."""


def line(text: str) -> str:
    """With its newline; what is empty has none."""
    return f"{text}\n" if text else ""


def masters(bonds: Sequence[str]) -> str:
    """The text of bonding_masters."""
    return line(" ".join(bonds))
