"""A cable is pulled and no monitor runs: what netlink tells is all that the daemon has."""

from __future__ import annotations

import pytest

from tests.runtime.lab import Lab, eventually
from tests.runtime.reach import is_test, made_frame

pytestmark = pytest.mark.root

COUNT = 6


def test_balance_rr_of_today_leaves_out_a_slave_without_carrier(lab: Lab) -> None:
    """Steps: in era 6.x send six frames, and again when eth0's cable is pulled, and when it is back.

    Verify: half of them leave by eth1, then all, then half.
    """
    lab.bondd("--era", "6.x").add("bond0", *lab.nics, mode="balance-rr")
    device, other = lab.listen_here("bond0"), lab.listen("port1")

    def passed() -> int:
        for number in range(COUNT):
            device.send(made_frame(1, 2, marker=number))
        return len(other.frames(is_test, COUNT // 2))

    assert passed() == COUNT // 2
    for way, left in (("down", COUNT), ("up", COUNT // 2)):
        lab.peer("ip", "link", "set", "dev", "port0", way)
        assert eventually(lambda left=left: passed() == left)  # type: ignore[misc]
