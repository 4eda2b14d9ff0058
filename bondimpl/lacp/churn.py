"""The churn detection machines (IEEE 802.3ad 43.4.17): ports that do not come into sync."""

from __future__ import annotations

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import CHURN_PERIOD, Churn, ChurnWatch, Port


def run_churn(port: Port) -> None:
    """One tick of both machines: a minute after each start of the watch, each side is in sync or churned."""
    for watch, info in ((port.actor_churn, port.actor), (port.partner_churn, port.partner)):
        if port.restart_churn:
            watch.state, watch.timer = Churn.MONITOR, CHURN_PERIOD
        else:
            _tick(watch, in_sync=bool(info.state & PortState.SYNCHRONIZATION))
    port.restart_churn = False


def _tick(watch: ChurnWatch, *, in_sync: bool) -> None:
    if watch.timer:
        watch.timer -= 1
        if not watch.timer:
            watch.state = Churn.NONE if in_sync else Churn.CHURNED
            watch.count += not in_sync
