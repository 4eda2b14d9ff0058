"""A day and a night of two bonds that nothing happens to."""

from __future__ import annotations

import pytest

from bondimpl.lacp.port import Churn
from tests.lacp.wires import Pair

DAY = 24 * 60 * 60 * 10
"""Ticks."""


@pytest.mark.parametrize(("fast", "links", "each"), [(False, 2, DAY // 300), (True, 1, DAY // 10)])
def test_a_day_without_a_change(fast: bool, links: int, each: int) -> None:
    """`each`: LACPDUs that a port sends."""
    pair = Pair(links, fast=fast)
    pair.until(pair.together, within=40)
    pair.tick(700)
    ports = [port for end in pair.ends for port in end.ports.values()]
    sent = 0

    def count(end: int, slave: str, frame: bytes) -> bool:
        nonlocal sent
        sent += 1
        return False

    def still_together() -> None:
        for port in ports:
            assert port.passes_traffic

    pair.swallow = count
    pair.each_tick = still_together
    pair.tick(DAY)
    assert abs(sent - len(ports) * each) <= len(ports)
    assert all(port.actor_churn.state is port.partner_churn.state is Churn.NONE for port in ports)
    assert pair.together()
