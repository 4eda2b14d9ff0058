"""THE table of driver parameters. Parsing, defaults, help and errors are all derived from it.

Section numbers are the HOWTO's. A row without `since` is in the HOWTO; the others came with the kernel named.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from bondimpl.errors import OptionError, UnknownOption
from bondimpl.option_kinds import (
    InterfaceName,
    Kind,
    Mode,
    ModeWord,
    Number,
    OnOff,
    SystemMac,
    Targets,
    Words,
)

ALL = frozenset(Mode)
_RR, _AB, _XOR, _BC, _AD, _TLB, _ALB = Mode
ARP_MODES = frozenset({_RR, _AB, _XOR, _BC})
ACTIVE_MODES = frozenset({_AB, _TLB, _ALB})
_AD_ONLY = frozenset({_AD})


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one option. `modes`: where it may be set; `needs_*`: what must hold when it is set."""

    name: str
    kind: Kind
    default: Any
    summary: str
    modes: frozenset[Mode] = ALL
    needs_down: bool = False
    needs_no_slaves: bool = False
    since: str = "HOWTO"

    def parse(self, text: str) -> Any:
        """The value of a spelling. Raises OptionError."""
        try:
            return self.kind.parse(text.strip())
        except ValueError as error:
            raise OptionError(self.name, text, self.kind.allowed()) from error

    def change(self, present: Any, text: str) -> Any:
        """The value of a spelling that may say how it differs from the present one. Raises OptionError."""
        if not (isinstance(self.kind, Targets) and text.strip().startswith(("+", "-"))):
            return self.parse(text)
        try:
            return self.kind.amend(present, text.strip())
        except ValueError as error:
            raise OptionError(self.name, text, self.kind.allowed()) from error


def _row(kind: Kind, default: Any, summary: str, **facts: Any) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind, "summary": summary, "facts": facts})


@dataclass(frozen=True, slots=True)
class BondOptions:
    """Options of one bond."""

    mode: Mode = _row(ModeWord(), _RR, "bonding policy", needs_no_slaves=True, needs_down=True)
    miimon: int = _row(Number(unit="ms"), 0, "MII link monitoring period; 0 is off")
    updelay: int = _row(Number(unit="ms"), 0, "wait before a recovered slave is used; multiple of miimon")
    downdelay: int = _row(Number(unit="ms"), 0, "wait before a failed slave is disabled; multiple of miimon")
    use_carrier: bool = _row(
        OnOff(), True, "MII monitor asks the carrier flag; off: MII registers, then ethtool"
    )
    arp_interval: int = _row(Number(unit="ms"), 0, "ARP monitoring period; 0 is off", modes=ARP_MODES)
    arp_ip_target: tuple[IPv4Address, ...] = _row(Targets(4), (), "peers asked by the ARP monitor")
    primary: str | None = _row(InterfaceName(), None, "slave to prefer while it is up", modes=ACTIVE_MODES)
    lacp_rate: str = _row(
        Words(("slow", "fast")), "slow", "LACPDUs asked of the partner", modes=_AD_ONLY, needs_down=True
    )

    peer_notif_delay: int = _row(
        Number(0, 300_000, "ms"),
        0,
        "spacing of the notices after a failover; multiple of miimon",
        since="5.3",
    )
    num_grat_arp: int = _row(
        Number(0, 255), 1, "gratuitous ARPs and unsolicited NAs after a failover", since="2.6.29"
    )
    xmit_hash_policy: str = _row(
        Words(("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")),
        "layer2",
        "what balance-xor and 802.3ad spread frames by",
        since="2.6.13",
    )
    primary_reselect: str = _row(
        Words(("always", "better", "failure")),
        "always",
        "when a returning primary takes over",
        since="2.6.32",
    )
    fail_over_mac: str = _row(
        Words(("none", "active", "follow")),
        "none",
        "how active-backup treats hardware addresses",
        needs_no_slaves=True,
        since="2.6.24",
    )
    packets_per_slave: int = _row(
        Number(0, 65_535),
        1,
        "frames on a slave before balance-rr moves on; 0 is random",
        modes=frozenset({_RR}),
        since="3.14",
    )
    all_slaves_active: bool = _row(OnOff(), False, "deliver what inactive slaves receive", since="2.6.36")
    resend_igmp: int = _row(Number(0, 255), 1, "IGMP reports after a failover", since="2.6.38")
    arp_validate: str = _row(
        Words(("none", "active", "backup", "all", "filter", "filter_active", "filter_backup")),
        "none",
        "which slaves' ARP evidence is checked",
        modes=ARP_MODES,
        since="2.6.19",
    )
    arp_all_targets: str = _row(
        Words(("any", "all")), "any", "how many targets must answer for a slave to be up", since="3.10"
    )
    arp_missed_max: int = _row(
        Number(1, 255), 2, "missed ARP intervals before a slave is down", modes=ARP_MODES, since="5.17"
    )
    ns_ip6_target: tuple[IPv6Address, ...] = _row(
        Targets(6), (), "IPv6 peers asked by the monitor", modes=ARP_MODES, since="5.19"
    )
    lp_interval: int = _row(
        Number(1, unit="s"), 1, "spacing of learning packets in balance-tlb and balance-alb", since="3.13"
    )
    tlb_dynamic_lb: bool = _row(
        OnOff(),
        True,
        "balance-tlb and balance-alb balance by load",
        modes=frozenset({_TLB, _ALB}),
        needs_down=True,
        since="3.15",
    )
    min_links: int = _row(Number(), 0, "members an 802.3ad bond needs for carrier", since="3.0")
    ad_select: str = _row(
        Words(("stable", "bandwidth", "count")),
        "stable",
        "how 802.3ad picks the active aggregator",
        needs_down=True,
        since="2.6.29",
    )
    lacp_active: bool = _row(
        OnOff(), True, "send LACPDUs unasked", modes=_AD_ONLY, needs_down=True, since="5.15"
    )
    ad_actor_sys_prio: int = _row(
        Number(1, 65_535), 65_535, "LACP system priority", modes=_AD_ONLY, since="4.2"
    )
    ad_actor_system: bytes = _row(
        SystemMac(), bytes(6), "LACP system address; zeroes: the bond's", modes=_AD_ONLY, since="4.2"
    )
    ad_user_port_key: int = _row(
        Number(0, 1023),
        0,
        "upper ten bits of the LACP port key",
        modes=_AD_ONLY,
        needs_down=True,
        since="4.2",
    )
    coupled_control: bool = _row(
        OnOff(),
        True,
        "LACP mux collects and distributes at once",
        modes=_AD_ONLY,
        needs_down=True,
        since="6.9",
    )
    broadcast_neighbor: bool = _row(
        OnOff(), False, "802.3ad sends ARP and ND on every member", modes=_AD_ONLY, since="6.17"
    )
    lacp_strict: bool = _row(
        OnOff(), False, "802.3ad carrier needs a negotiated member", modes=_AD_ONLY, since="7.0"
    )
    kept_polls: Mapping[str, int] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """No option: the delays in polls, which a live bond shows again when `miimon` is no longer 0."""


@dataclass(frozen=True, slots=True)
class SlaveOptions:
    """Options of one slave."""

    prio: int = _row(
        Number(-(2**31), 2**31 - 1),
        0,
        "the higher, the sooner it becomes active",
        modes=ACTIVE_MODES,
        since="6.0",
    )
    queue_id: int = _row(Number(0, 65_535), 0, "transmit queue bound to this slave", since="2.6.36")
    actor_port_prio: int = _row(Number(0, 65_535), 255, "LACP port priority", modes=_AD_ONLY, since="6.18")


@dataclass(frozen=True, slots=True)
class DriverOptions:
    """Options of the driver as a whole, given when it is loaded."""

    max_bonds: int = _row(Number(), 1, "bonds made at load: bond0, bond1, ...")
    tx_queues: int = _row(Number(1, 255), 16, "transmit queues of each bond", since="2.6.36")


TX_QUEUES: int = DriverOptions().tx_queues
"""Of each bond. The numbers of slaves go up to this very one, as today's driver has it."""

ALIASES: Mapping[str, str] = {
    "num_unsol_na": "num_grat_arp",
    "peer_notify_delay": "peer_notif_delay",
    "missed_max": "arp_missed_max",
}
"""Other spellings of option names (module parameter, sysfs, iproute2)."""


OptionsClass = type[BondOptions] | type[SlaveOptions] | type[DriverOptions]


@cache
def _table(owner: Any) -> Mapping[str, Row]:
    return {
        f.name: Row(
            name=f.name,
            kind=f.metadata["kind"],
            default=f.default,
            summary=f.metadata["summary"],
            **f.metadata["facts"],
        )
        for f in dataclasses.fields(owner)
        if "kind" in f.metadata
    }


def table(owner: OptionsClass = BondOptions) -> Mapping[str, Row]:
    """The rows of an options class by name."""
    rows: Mapping[str, Row] = _table(owner)  # type: ignore[arg-type]  # classes are hashable
    return rows


def row(name: str, owner: OptionsClass = BondOptions) -> Row:
    """The row of an option, found by name or alias. Raises UnknownOption."""
    rows = table(owner)
    known = ALIASES.get(name, name)
    if known not in rows:
        if known in table(SlaveOptions):
            raise UnknownOption(name, " of a bond; it is one of a slave")
        near = difflib.get_close_matches(name, [*rows, *ALIASES], n=1)
        raise UnknownOption(name, f"; did you mean {near[0]}?" if near else f"; there are {', '.join(rows)}")
    return rows[known]


def as_text(options: BondOptions | SlaveOptions | DriverOptions) -> dict[str, str]:
    """Every option in its canonical spelling."""
    rows = table(type(options))
    return {name: r.kind.text(getattr(options, name)) for name, r in rows.items()}
