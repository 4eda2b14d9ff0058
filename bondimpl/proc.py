"""The text of /proc/net/bonding/BOND in both layouts (HOWTO section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from bondimpl.frames.ethernet import format_mac
from bondimpl.lacp.pdu import Info
from bondimpl.lacp.snapshot import LacpStatus, PortStatus
from bondimpl.option_kinds import Mode
from bondimpl.options import ACTIVE_MODES, BondOptions, row
from bondimpl.slave import Link
from bondimpl.status import BondStatus

HOWTO_VERSION = "2.6.1 (October 29, 2004)"
"""Version and date that the driver of the HOWTO's time shows."""

_HASHING = (Mode.BALANCE_XOR, Mode.IEEE8023AD)
_BALANCING = (Mode.BALANCE_TLB, Mode.BALANCE_ALB)

PRETTY_MODES = {
    Mode.BALANCE_RR: "load balancing (round-robin)",
    Mode.ACTIVE_BACKUP: "fault-tolerance (active-backup)",
    Mode.BALANCE_XOR: "load balancing (xor)",
    Mode.BROADCAST: "fault-tolerance (broadcast)",
    Mode.IEEE8023AD: "IEEE 802.3ad Dynamic link aggregation",
    Mode.BALANCE_TLB: "transmit load balancing",
    Mode.BALANCE_ALB: "adaptive load balancing",
}


def proc_text(status: BondStatus, version: str, *, privileged: bool = True) -> str:
    """The file's text in the layout of the bond's era; `version` is shown by today's layout only.

    `privileged`: as a reader with CAP_NET_ADMIN sees it; from others today's driver hides details of LACP.
    """
    lines = _today(status, version, privileged) if status.era.modern_proc else _howto(status)
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
    if status.lacp:
        yield ""
        yield "802.3ad info"
        yield f"LACP rate: {options.lacp_rate}"
        yield from _active_aggregator(status.name, status.lacp)
    for slave in status.slaves:
        yield ""
        yield f"Slave Interface: {slave.name}"
        yield f"MII Status: {_up_or_down(slave.link is Link.UP)}"
        yield f"Link Failure Count: {slave.failures}"
        yield f"Permanent HW addr: {format_mac(slave.permanent_mac)}"
        if status.lacp:
            yield f"Aggregator ID: {_aggregator_id(status.lacp.ports[slave.name])}"


def _today(status: BondStatus, version: str, privileged: bool) -> Iterator[str]:
    options = status.options
    yield f"Ethernet Channel Bonding Driver: v{version}"
    yield ""
    yield f"Bonding Mode: {PRETTY_MODES[options.mode]}{_address_policy(options)}"
    if options.mode in _HASHING or (options.mode in _BALANCING and not options.tlb_dynamic_lb):
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
    if options.arp_interval:
        yield from _arp(options)
    if status.lacp:
        yield from _lacp(status.name, options, status.lacp, privileged)
    for slave in status.slaves:
        yield ""
        yield f"Slave Interface: {slave.name}"
        yield f"MII Status: {slave.link.value}"
        yield f"Speed: {f'{slave.speed_mbit} Mbps' if slave.speed_mbit else 'Unknown'}"
        yield f"Duplex: {slave.duplex or 'Unknown'}"
        yield f"Link Failure Count: {slave.failures}"
        yield f"Permanent HW addr: {format_mac(slave.permanent_mac)}"
        yield f"Slave queue ID: {slave.queue_id}"
        if status.lacp:
            yield from _port(status.lacp.ports[slave.name], privileged)


def _arp(options: BondOptions) -> Iterator[str]:
    yield f"ARP Polling Interval (ms): {options.arp_interval}"
    yield f"ARP Missed Max: {options.arp_missed_max}"
    for label, targets in (
        ("ARP IP target/s (n.n.n.n form):", options.arp_ip_target),
        ("NS IPv6 target/s (xx::xx form):", options.ns_ip6_target),
    ):
        yield " ".join([label, ", ".join(str(target) for target in targets)]).rstrip()


def _lacp(name: str, options: BondOptions, lacp: LacpStatus, privileged: bool) -> Iterator[str]:
    yield ""
    yield "802.3ad info"
    yield f"LACP active: {'on' if options.lacp_active else 'off'}"
    yield f"LACP rate: {options.lacp_rate}"
    yield f"Min links: {options.min_links}"
    yield f"Aggregator selection policy (ad_select): {options.ad_select}"
    if privileged:
        yield f"System priority: {lacp.system_priority}"
        yield f"System MAC address: {format_mac(lacp.system)}"
        yield from _active_aggregator(name, lacp)


def _active_aggregator(name: str, lacp: LacpStatus) -> Iterator[str]:
    active = lacp.active
    if active is None:
        yield f"bond {name} has no active aggregator"
        return
    yield "Active Aggregator Info:"
    yield f"\tAggregator ID: {active.number}"
    yield f"\tNumber of ports: {active.ports}"
    yield f"\tActor Key: {active.actor_key}"
    yield f"\tPartner Key: {active.partner_key}"
    yield f"\tPartner Mac Address: {format_mac(active.partner_system)}"


def _port(port: PortStatus, privileged: bool) -> Iterator[str]:
    yield f"Aggregator ID: {_aggregator_id(port)}"
    yield f"Actor Churn State: {port.actor_churn.state}"
    yield f"Partner Churn State: {port.partner_churn.state}"
    yield f"Actor Churned Count: {port.actor_churn.count}"
    yield f"Partner Churned Count: {port.partner_churn.count}"
    if privileged:
        yield from _pdu("actor", "port key", port.actor)
        yield from _pdu("partner", "oper key", port.partner)


def _pdu(side: str, key: str, info: Info) -> Iterator[str]:
    yield f"details {side} lacp pdu:"
    yield f"    system priority: {info.system_priority}"
    yield f"    system mac address: {format_mac(info.system)}"
    yield f"    {key}: {info.key}"
    yield f"    port priority: {info.port_priority}"
    yield f"    port number: {info.port}"
    yield f"    port state: {int(info.state)}"


def _aggregator_id(port: PortStatus) -> int | str:
    return "N/A" if port.aggregator is None else port.aggregator


def _up_or_down(up: bool) -> str:
    return "up" if up else "down"


def _address_policy(options: BondOptions) -> str:
    follows = options.mode is Mode.ACTIVE_BACKUP and options.fail_over_mac != "none"
    return f" (fail_over_mac {options.fail_over_mac})" if follows else ""
