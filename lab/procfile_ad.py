"""The 802.3ad part of a bonding status file: of the bond, and of a slave. Part of `lab.procfile`."""

from __future__ import annotations

from dataclasses import dataclass

from lab.lacp import NO_SYSTEM, LacpState
from lab.procblock import ACTOR_PDU, AGGREGATOR, Block


@dataclass(frozen=True, slots=True)
class AggregatorView:
    """The active aggregator. `ports` counts those in it, `partner_mac` is NO_SYSTEM without a partner."""

    id: int
    ports: int
    actor_key: int
    partner_key: int
    partner_mac: str

    @property
    def has_partner(self) -> bool:
        """Whether somebody at the other end speaks LACP."""
        return self.partner_mac != NO_SYSTEM


@dataclass(frozen=True, slots=True)
class AdView:
    """The 802.3ad settings of a bond; from `lacp_active` on, only today's driver shows them.

    `aggregator` is None when none is active, and to readers without privileges (who see no system either).
    """

    lacp_rate: str
    aggregator: AggregatorView | None
    lacp_active: str | None = None
    min_links: int | None = None
    ad_select: str | None = None
    system_priority: int | None = None
    system_mac: str | None = None


@dataclass(frozen=True, slots=True)
class LacpPduView:
    """What a slave last told its partner, or that told it. Today's driver shows it, to privileged readers."""

    system_priority: int
    system_mac: str
    key: int
    port_priority: int
    port: int
    state: LacpState


def ad_of_bond(block: Block) -> AdView | None:
    """What the bond's block says of 802.3ad; None where it says nothing. Raises ParseError."""
    rate = block.take("LACP rate")
    if rate is None:
        return None
    block.take(AGGREGATOR)  # the line that there is none
    return AdView(
        lacp_rate=rate,
        aggregator=_aggregator(block, f"{AGGREGATOR} / "),
        lacp_active=block.take("LACP active"),
        min_links=block.number("Min links"),
        ad_select=block.take("Aggregator selection policy (ad_select)"),
        system_priority=block.number("System priority"),
        system_mac=block.take("System MAC address"),
    )


def pdu_of_slave(block: Block, heading: str) -> LacpPduView | None:
    """What the slave's block details under the heading of one of the two. Raises ParseError."""
    state = block.number(f"{heading} / port state")
    if state is None:
        return None
    return LacpPduView(
        system_priority=block.need_number(f"{heading} / system priority"),
        system_mac=block.need(f"{heading} / system mac address"),
        key=block.need_number(f"{heading} / {'port' if heading == ACTOR_PDU else 'oper'} key"),
        port_priority=block.need_number(f"{heading} / port priority"),
        port=block.need_number(f"{heading} / port number"),
        state=LacpState(state),
    )


def _aggregator(block: Block, heading: str) -> AggregatorView | None:
    number = block.number(f"{heading}Aggregator ID")
    if number is None:
        return None
    return AggregatorView(
        id=number,
        ports=block.need_number(f"{heading}Number of ports"),
        actor_key=block.need_number(f"{heading}Actor Key"),
        partner_key=block.need_number(f"{heading}Partner Key"),
        partner_mac=block.need(f"{heading}Partner Mac Address"),
    )
