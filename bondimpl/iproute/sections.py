"""What `ip -d link` tells of bonds and slaves, made from what bondd shows of them.

Names and order are those of iproute2 6.1, whose JSON and text call some fields differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Shown = Mapping[str, Any]
"""A bond as `bondctl show --json` has it."""


@dataclass(frozen=True, slots=True)
class Field:
    """`word` is the name in text where it differs from that in JSON."""

    name: str
    value: Any
    word: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What is known of one bond, or of one slave (`master` is its bond)."""

    fields: tuple[Field, ...]
    master: str = ""

    @property
    def flag(self) -> str:
        """The interface flag that tells which of the two it is."""
        return "SLAVE" if self.master else "MASTER"

    def as_json(self) -> dict[str, Any]:
        """As `info_data` or `info_slave_data`."""
        found: dict[str, Any] = {}
        for field in self.fields:
            # ip's JSON has nothing where the word is the first of this option's.
            value = None if (field.name, field.value) == ("arp_validate", "none") else field.value
            if field.name.startswith("ad_info."):
                found.setdefault("ad_info", {})[field.name.removeprefix("ad_info.")] = value
            else:
                found[field.name] = value
        return found

    def as_text(self) -> str:
        """On one line, with a blank at its end."""
        words = ["bond_slave" if self.master else "bond"]
        for field in self.fields:
            words += [field.word or field.name, _text(field)]
        return " ".join(words) + " "


def sections(bonds: Iterable[Shown]) -> dict[str, Section]:
    """By name of the interface: bonds, and their slaves."""
    found = {}
    for shown in bonds:
        found[shown["name"]] = Section(tuple(_bond(shown)))
        for slave in shown["slaves"]:
            found[slave["name"]] = Section(tuple(_slave(shown["mode"], slave)), shown["name"])
    return found


def _bond(shown: Shown) -> Iterator[Field]:
    options: Mapping[str, str] = shown["options"]
    on = {name: int(value == "on") for name, value in options.items()}
    yield Field("mode", options["mode"])
    if shown["active"] and shown["mode"] in ("active-backup", "balance-tlb", "balance-alb"):
        yield Field("active_slave", shown["active"])
    for name in ("miimon", "updelay", "downdelay"):
        yield Field(name, int(options[name]))
    yield Field("peer_notify_delay", int(options["peer_notif_delay"]))
    yield Field("use_carrier", on["use_carrier"])
    for name in ("arp_interval", "arp_missed_max"):
        yield Field(name, int(options[name]))
    for name in ("arp_ip_target", "ns_ip6_target"):
        if options[name]:
            yield Field(name, options[name].split(","))
    for name in ("arp_validate", "arp_all_targets"):
        yield Field(name, options[name])
    if shown["primary"]:
        yield Field("primary", shown["primary"])
    for name in ("primary_reselect", "fail_over_mac", "xmit_hash_policy"):
        yield Field(name, options[name])
    yield Field("resend_igmp", int(options["resend_igmp"]))
    yield Field("num_peer_notif", int(options["num_grat_arp"]), "num_grat_arp")
    yield Field("all_slaves_active", on["all_slaves_active"])
    for name in ("min_links", "lp_interval", "packets_per_slave"):
        yield Field(name, int(options[name]))
    yield Field("ad_lacp_active", options["lacp_active"], "lacp_active")
    yield Field("ad_lacp_rate", options["lacp_rate"], "lacp_rate")
    yield Field("ad_select", options["ad_select"])
    if "lacp" in shown:
        yield from _aggregator(shown["lacp"]["active_aggregator"])
        for name in ("ad_actor_sys_prio", "ad_user_port_key"):
            yield Field(name, int(options[name]))
        yield Field("ad_actor_system", options["ad_actor_system"])
    yield Field("tlb_dynamic_lb", on["tlb_dynamic_lb"])


def _aggregator(active: Mapping[str, Any] | None) -> Iterator[Field]:
    if active is None:
        return
    for name, source in (
        ("aggregator", "number"),
        ("num_ports", "ports"),
        ("actor_key", "actor_key"),
        ("partner_key", "partner_key"),
        ("partner_mac", "partner_system"),
    ):
        yield Field(f"ad_info.{name}", active[source], f"ad_{name}")


_MII = {"up": "UP", "fail": "GOING_DOWN", "down": "DOWN", "back": "GOING_BACK"}
_BITS = {
    "activity": "active",
    "timeout": "short_timeout",
    "aggregation": "aggregating",
    "synchronization": "in_sync",
}


def _slave(mode: str, slave: Mapping[str, Any]) -> Iterator[Field]:
    lacp = slave.get("lacp")
    if mode == "active-backup":
        active = slave["active"]
    else:  # LACP alone knows others that wait
        active = lacp["carries"] if lacp else True
    yield Field("state", "ACTIVE" if active else "BACKUP")
    yield Field("mii_status", _MII[slave["link"]])
    yield Field("link_failure_count", slave["failures"])
    yield Field("perm_hwaddr", slave["permanent_mac"])
    yield Field("queue_id", slave["queue_id"])
    yield Field("prio", slave["prio"])
    if lacp and lacp["aggregator"] is not None:
        yield Field("ad_aggregator_id", lacp["aggregator"])
        for side in ("actor", "partner"):
            name = f"ad_{side}_oper_port_state"
            yield Field(name, lacp[side]["state_octet"])
            yield Field(f"{name}_str", [_BITS.get(bit, bit) for bit in lacp[side]["state"]])


def _text(field: Field) -> str:
    if field.name.endswith("_state_str"):
        return f"<{','.join(field.value)}>"
    return ",".join(field.value) if isinstance(field.value, list) else str(field.value)
