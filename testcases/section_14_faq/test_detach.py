"""Taking a slave out of the bond (HOWTO section 14, question 8)."""

from __future__ import annotations

import json

import pytest

from lab.cases import Bonding, DriverRefused, StreamMaker, behaviour, eventually, needs
from testcases.bounds import SLACK, seconds
from testcases.modes import MODES
from testcases.wire import Wire


@behaviour("14.8.detach.leaves-bond")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_a_detached_slave_is_out_of_the_bond(
    mode: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: under traffic detach eth0, the active slave; detach it once more.

    Verify: it is gone from the status, not marked as a slave, and silent; eth1 carries everything at once;
    the second time is refused.
    """
    bond = bonded(mode, miimon=100)
    if mode == "active-backup":
        assert bond.status().active == "eth0"
    with stream("out") as out:
        out.wait_flowing()
        bond.release("eth0")
        eventually(lambda: bond.status().slave_names == ("eth1",), within=seconds(SLACK))
        wire.mark()
        out.wait_flowing()
        assert set(wire.shares(bool)) == {"eth1"}
        with pytest.raises(DriverRefused):
            bond.release("eth0")
        assert bond.status().slave_names == ("eth1",)
    if mode == "active-backup":
        assert bond.status().active == "eth1"
    (link,) = json.loads(bond.host.run(["ip", "-j", "link", "show", "dev", "eth0"]).stdout)
    assert "SLAVE" not in link["flags"]
    assert out.report().outage_ms <= SLACK
