"""What must hold of an aggregation at any time, whatever happens to it."""

from __future__ import annotations

from bondimpl.lacp.aggregation import Aggregation
from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Aggregator, Mux, Port


def check_bookkeeping(end: Aggregation) -> None:
    """Each selected port is in one aggregator, with its like; one aggregator at most is active."""
    ports = list(end.ports.values())
    aggregators = {port.aggregator for port in ports if port.aggregator}
    assert sum(aggregator.is_active for aggregator in aggregators) <= 1
    assert len({aggregator.number for aggregator in aggregators}) == len(aggregators)
    members = [member for aggregator in aggregators for member in aggregator.ports]
    assert len(members) == len(set(members)), "a port is in two aggregators, or twice in one"
    assert set(members) == {port for port in ports if port.aggregator}
    for aggregator in aggregators:
        assert aggregator.owner in ports, "the slave that brought it has left"
        assert aggregator.has_partner or len(aggregator.ports) == 1
    for port in ports:
        assert port.aggregator or not port.selected
        if port.aggregator and port.selected and not port.begin:
            _check_membership(port, port.aggregator)


def _check_membership(port: Port, aggregator: Aggregator) -> None:
    assert port in aggregator.ports
    assert aggregator.partner_system == port.partner.system
    assert aggregator.partner_priority == port.partner.system_priority
    assert aggregator.partner_key == port.partner.key
    assert aggregator.key == port.actor.key or not port.enabled


def check_traffic(end: Aggregation) -> None:
    """Traffic only on ports with link, all of them of the active aggregator."""
    for port in end.passing():
        assert port.enabled, f"{port.slave} has no link"
        assert port.aggregator is not None
        assert port.aggregator.is_active, f"{port.slave} is not in the active aggregator"


def agreed(port: Port) -> bool:
    """Whether the port carries by agreement: it distributes, and has seen that its partner is in sync."""
    return port.mux is Mux.DISTRIBUTING and port.partner.has(PortState.SYNCHRONIZATION)


def alone(port: Port) -> bool:
    """Whether the port carries because nobody at the other end speaks LACP."""
    return port.aggregator is not None and not port.aggregator.has_partner
