"""What the basic balance modes need at the other end (HOWTO section 14, question 7)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import Bonding, StreamMaker, behaviour, needs
from testcases.bursts import carried, numbered
from testcases.strangers import strangers
from testcases.wire import Wire

BURST = 64


@behaviour("14.7.rr-xor.any-etherchannel")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=2, meeting=True, traits=("lacp",))
def test_they_work_with_anything_that_does_trunking(
    mode: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a static group of the lab's switch, one of Open vSwitch, a bond of the kernel's as the peer;
    frames to four addresses, and traffic both ways. (The group speaks no LACP, though all of them could.)

    Verify: both slaves carry; nothing is lost and nothing comes twice.
    """
    bond = bonded(mode, miimon=100)
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.5)
    for report in (out.report(), back.report()):
        assert (report.lost, report.duplicates) == (0, 0), report
    burst = carried(wire, bond, numbered(bond, strangers(bonded, 4), BURST))
    assert {nic: len(sent) for nic, sent in burst.items()} == {"eth0": BURST // 2, "eth1": BURST // 2}
    assert not wire.shares(frames.is_lacpdu)
