"""The state of an aggregation as frozen data, for status output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bondimpl.frames.ethernet import ZERO_MAC, format_mac
from bondimpl.lacp.aggregation import Aggregation
from bondimpl.lacp.pdu import Info, PortState
from bondimpl.lacp.port import Aggregator, ChurnWatch, Port
from bondimpl.lacp.selection import enabled_ports


@dataclass(frozen=True, slots=True)
class ChurnStatus:
    """A churn machine: `state` in the words of /proc/net/bonding."""

    state: str
    count: int


@dataclass(frozen=True, slots=True)
class PortStatus:
    """A slave as a port; `receive`, `periodic` and `mux` are names of states of the standard's machines."""

    aggregator: int | None
    carries: bool
    actor: Info
    partner: Info
    receive: str
    periodic: str
    mux: str
    actor_churn: ChurnStatus
    partner_churn: ChurnStatus


@dataclass(frozen=True, slots=True)
class AggregatorStatus:
    """An aggregator; `ports` counts the members with link, `partner_system` is 6 bytes."""

    number: int
    ports: int
    actor_key: int
    partner_key: int
    partner_system: bytes


@dataclass(frozen=True, slots=True)
class LacpStatus:
    """The LACP part of a bond. System priority 0 and address zeroes: no slave has ever joined."""

    system_priority: int = 0
    system: bytes = ZERO_MAC
    active: AggregatorStatus | None = None
    ports: Mapping[str, PortStatus] = field(default_factory=lambda: MappingProxyType({}))


def lacp_status(aggregation: Aggregation) -> LacpStatus:
    """The present state."""
    active = aggregation.active
    return LacpStatus(
        system_priority=aggregation.config.system_priority,
        system=aggregation.config.system,
        active=_aggregator(active) if active else None,
        ports=MappingProxyType({slave: _port(port) for slave, port in aggregation.ports.items()}),
    )


def _aggregator(aggregator: Aggregator) -> AggregatorStatus:
    return AggregatorStatus(
        number=aggregator.number,
        ports=enabled_ports(aggregator),
        actor_key=aggregator.key,
        partner_key=aggregator.partner_key,
        partner_system=aggregator.partner_system,
    )


def _port(port: Port) -> PortStatus:
    return PortStatus(
        aggregator=port.aggregator.number if port.aggregator else None,
        carries=port.passes_traffic,
        actor=port.actor,
        partner=port.partner,
        receive=port.receive.value,
        periodic=port.periodic.value,
        mux=port.mux.value,
        actor_churn=_churn(port.actor_churn),
        partner_churn=_churn(port.partner_churn),
    )


def _churn(watch: ChurnWatch) -> ChurnStatus:
    return ChurnStatus(watch.state.value, watch.count)


def port_json(port: PortStatus) -> dict[str, Any]:
    """Plain JSON values; the state octets as lists of bit names."""
    return {
        "aggregator": port.aggregator,
        "carries": port.carries,
        "receive": port.receive,
        "periodic": port.periodic,
        "mux": port.mux,
        "actor": _side_json(port.actor, port.actor_churn),
        "partner": _side_json(port.partner, port.partner_churn),
    }


def _side_json(info: Info, churn: ChurnStatus) -> dict[str, Any]:
    return {
        "system_priority": info.system_priority,
        "system": format_mac(info.system),
        "key": info.key,
        "port_priority": info.port_priority,
        "port": info.port,
        "state": list(bit_names(info.state)),
        "state_octet": int(info.state),
        "churn": churn.state,
        "churned": churn.count,
    }


def bit_names(state: PortState) -> Iterator[str]:
    """Names of the bits that are set, in the order of the octet: activity, timeout, aggregation ..."""
    for bit in PortState:
        if bit & state and bit.name:
            yield bit.name.lower()


def lacp_json(status: LacpStatus) -> dict[str, Any]:
    """Plain JSON values of the whole (ports are shown with their slaves)."""
    active = status.active
    return {
        "system_priority": status.system_priority,
        "system": format_mac(status.system),
        "active_aggregator": {
            "number": active.number,
            "ports": active.ports,
            "actor_key": active.actor_key,
            "partner_key": active.partner_key,
            "partner_system": format_mac(active.partner_system),
        }
        if active
        else None,
    }
