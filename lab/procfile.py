"""Reading the text of /proc/net/bonding/bondN, in the layout of any version of the driver.

The HOWTO (section 5.1): "The precise format and contents will change depending upon the bonding
configuration, state, and version of the bonding driver." So lines are known by label, never by position:
the sample in the HOWTO, the 2.6 drivers and those of today all read into the same BondView.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lab.errors import LabError
from lab.procblock import ACTOR_PDU, PARTNER_PDU, Block, ParseError, blocks
from lab.procfile_ad import AdView, LacpPduView, ad_of_bond, pdu_of_slave

MODES: Mapping[str, str] = MappingProxyType(
    {
        "load balancing (round-robin)": "balance-rr",
        "fault-tolerance (active-backup)": "active-backup",
        "load balancing (xor)": "balance-xor",
        "fault-tolerance (broadcast)": "broadcast",
        "IEEE 802.3ad Dynamic link aggregation": "802.3ad",
        "transmit load balancing": "balance-tlb",
        "adaptive load balancing": "balance-alb",
    }
)

_FAIL_OVER_MAC = re.compile(r"(?P<mode>.+) \(fail_over_mac (?P<policy>\w+)\)")
_PRIMARY = re.compile(r"(?P<name>\S+)(?: \(primary_reselect (?P<policy>\w+)\))?")


@dataclass(frozen=True, slots=True)
class SlaveView:
    """One slave. `mii_status` is the driver's own word (up, down, going down, going back).

    In mode 802.3ad `actor` and `partner` are what the two ends last told each other, where it is shown.
    """

    name: str
    mii_status: str
    failures: int
    permanent_mac: str | None = None
    speed_mbit: int | None = None
    duplex: str | None = None
    queue_id: int | None = None
    aggregator_id: int | None = None
    actor: LacpPduView | None = None
    partner: LacpPduView | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BondView:
    """A bond as its status file shows it. `mode` is the short word, `extra` every other labelled line.

    `ad` is there in mode 802.3ad only.
    """

    version: str
    mode: str
    pretty_mode: str
    mii_status: str
    miimon_ms: int
    updelay_ms: int
    downdelay_ms: int
    active: str | None = None
    primary: str | None = None
    arp_interval_ms: int = 0
    arp_targets: tuple[str, ...] = ()
    ad: AdView | None = None
    slaves: tuple[SlaveView, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    def slave(self, name: str) -> SlaveView:
        """The slave of that name. Raises LabError naming those there are."""
        for slave in self.slaves:
            if slave.name == name:
                return slave
        raise LabError(f"no slave {name} in the bond; it has {', '.join(self.slave_names) or 'none'}")

    @property
    def slave_names(self) -> tuple[str, ...]:
        """The slaves in the order of the file."""
        return tuple(slave.name for slave in self.slaves)


def parse(text: str) -> BondView:
    """The bond described by the text of its status file. Raises ParseError."""
    found = list(blocks(text))
    slaves = tuple(_slave(block) for block in found[1:])
    names: set[str] = set()
    for block, slave in zip(found[1:], slaves, strict=True):
        if slave.name in names:
            raise ParseError(block.line, f"slave {slave.name} is listed twice")
        names.add(slave.name)
    return _bond(found[0], slaves)


def _bond(block: Block, slaves: tuple[SlaveView, ...]) -> BondView:
    version = block.need("Ethernet Channel Bonding Driver")
    pretty = block.need("Bonding Mode")
    if with_mac := _FAIL_OVER_MAC.fullmatch(pretty):
        pretty = with_mac["mode"]
        block.add(block.line, "fail_over_mac", with_mac["policy"])
    if pretty not in MODES:
        raise ParseError(block.line, f"unknown bonding mode {pretty!r}")
    primary = _PRIMARY.fullmatch(block.take("Primary Slave") or "")
    if primary and primary["policy"]:
        block.add(block.line, "primary_reselect", primary["policy"])
    targets = block.take("ARP IP target/s (n.n.n.n form)") or ""
    return BondView(
        version=version,
        mode=MODES[pretty],
        pretty_mode=pretty,
        mii_status=block.need("MII Status"),
        miimon_ms=block.number("MII Polling Interval (ms)") or 0,
        updelay_ms=block.number("Up Delay (ms)") or 0,
        downdelay_ms=block.number("Down Delay (ms)") or 0,
        active=_named(block.take("Currently Active Slave")),
        primary=_named(primary["name"] if primary else None),
        arp_interval_ms=block.number("ARP Polling Interval (ms)") or 0,
        arp_targets=tuple(word for word in re.split(r"[,\s]+", targets) if word),
        ad=ad_of_bond(block),
        slaves=slaves,
        extra=block.extra(),
    )


def _slave(block: Block) -> SlaveView:
    name = block.need("Slave Interface")
    status = block.need("MII Status")
    failures = block.number("Link Failure Count")
    if failures is None:
        raise ParseError(block.line, f"no failure count for slave {name}")
    duplex = block.take("Duplex")
    return SlaveView(
        name=name,
        mii_status=status,
        failures=failures,
        permanent_mac=block.take("Permanent HW addr"),
        speed_mbit=block.number("Speed", "Mbps"),
        duplex=None if duplex == "Unknown" else duplex,
        queue_id=block.number("Slave queue ID"),
        aggregator_id=block.number("Aggregator ID"),
        actor=pdu_of_slave(block, ACTOR_PDU),
        partner=pdu_of_slave(block, PARTNER_PDU),
        extra=block.extra(),
    )


def _named(value: str | None) -> str | None:
    return None if value in (None, "", "None") else value
