"""Which aggregator a port joins, and which aggregator is the active one (IEEE 802.3ad 43.4.14)."""

from __future__ import annotations

from collections.abc import Sequence

from bondimpl.lacp.port import Aggregator, Port


def join(port: Port, aggregators: Sequence[Aggregator]) -> None:
    """Give an unselected port an aggregator: one of the same partner and key, else an empty one."""
    if port.aggregator is not None:
        leave(port)
    chosen = next((a for a in aggregators if a.ports and _fits(port, a)), None)
    if chosen is None:
        chosen = next((a for a in aggregators if not a.ports), None)
        if chosen is None:
            return
        chosen.is_individual = port.is_individual
        chosen.key = port.actor.key
        chosen.partner_system = port.partner.system
        chosen.partner_priority = port.partner.system_priority
        chosen.partner_key = port.partner.key
    chosen.ports.insert(0, port)  # the driver's "head of the list" is the newest member
    port.aggregator = chosen
    port.selected = True


def leave(port: Port) -> None:
    """Take a port out of its aggregator; one that is empty then forgets its partner."""
    aggregator = port.aggregator
    if aggregator is None:
        return
    aggregator.ports.remove(port)
    port.aggregator = None
    if not aggregator.ports:
        aggregator.clear()


def _fits(port: Port, aggregator: Aggregator) -> bool:
    return (
        aggregator.key == port.actor.key
        and aggregator.partner_system == port.partner.system
        and aggregator.partner_priority == port.partner.system_priority
        and aggregator.partner_key == port.partner.key
        and aggregator.has_partner
        and not aggregator.is_individual
    )


def best(aggregators: Sequence[Aggregator], policy: str) -> Aggregator | None:
    """The aggregator that ought to be active. `policy`: stable, bandwidth or count (`ad_select`)."""
    active = next((a for a in aggregators if a.is_active), None)
    usable = [a for a in aggregators if enabled_ports(a)]
    if not usable:
        return None
    winner = active if active in usable else usable[0]
    for candidate in usable:
        if candidate is not winner and _better(candidate, winner, policy):
            winner = candidate
    if policy == "stable" and active in usable and active is not None and winner is not active:
        keeps = active.has_partner or not winner.has_partner
        if keeps and not (active.key == 0 and winner.key != 0):
            return active
    return winner


def _better(candidate: Aggregator, current: Aggregator, policy: str) -> bool:
    """Whether `candidate` beats `current`; equal ones do not."""
    for test in (lambda a: not a.is_individual, lambda a: a.has_partner):
        if test(candidate) != test(current):
            return test(candidate)
    if policy == "count" and enabled_ports(candidate) != enabled_ports(current):
        return enabled_ports(candidate) > enabled_ports(current)
    return bandwidth(candidate) > bandwidth(current)


def enabled_ports(aggregator: Aggregator) -> int:
    """Members whose link is up."""
    return sum(port.enabled for port in aggregator.ports)


def bandwidth(aggregator: Aggregator) -> int:
    """Enabled ports times the speed in Mbit/s of the newest member: 0 when just that one is down."""
    if not aggregator.ports:
        return 0
    head = aggregator.ports[0]
    return enabled_ports(aggregator) * (head.speed.mbit or 0) if head.enabled else 0
