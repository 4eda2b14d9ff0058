"""The churn detection machines (IEEE 802.3ad 43.4.17): ports that do not come into sync."""

from __future__ import annotations

from bondimpl.lacp.pdu import Info, PortState
from bondimpl.lacp.port import CHURN_PERIOD, Churn, ChurnWatch, Port


def run_churn(port: Port) -> None:
    """One tick of both machines: a minute after each start of the watch, each side is in sync or churned."""
    if port.restart_churn:
        port.restart_churn = False
        for watch in (port.actor_churn, port.partner_churn):
            watch.state, watch.timer = Churn.MONITOR, CHURN_PERIOD
    elif port.actor_churn.timer:
        _tick(port.actor_churn, port.actor)
        _tick(port.partner_churn, port.partner)


def _tick(watch: ChurnWatch, info: Info) -> None:
    watch.timer -= 1
    if not watch.timer:
        in_sync = info.has(PortState.SYNCHRONIZATION)
        watch.state = Churn.NONE if in_sync else Churn.CHURNED
        watch.count += not in_sync
