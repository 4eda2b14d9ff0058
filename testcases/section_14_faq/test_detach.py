"""Taking a slave out of the bond (HOWTO section 14, question 8)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cases import Bonding, DriverRefused, StreamMaker, Testbed, behaviour, eventually, needs
from testcases.bounds import SLACK, seconds
from testcases.links import link
from testcases.modes import MODES
from testcases.wire import Wire


def mtu_and_address(shown: dict[str, Any]) -> tuple[int, str]:
    """Of an interface."""
    return shown["mtu"], shown["address"]


@behaviour("14.8.detach.leaves-bond")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_a_detached_slave_is_out_of_the_bond(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eth0, which had another MTU and address than the bond, is the active slave; under traffic detach
    it; detach it once more.

    Verify: it is gone from the status, and silent; eth1 carries everything at once; eth0 is down, with the
    MTU and address from before; the second time is refused. A driver in the kernel also clears the SLAVE
    flag, which one in userspace never sets.
    """
    host = bed.host("host")
    host.run(["ip", "link", "set", "dev", "eth0", "mtu", "1400"])
    before = mtu_and_address(link(host, "eth0"))
    options: dict[str, Any] = {"primary": "eth0"} if mode == "active-backup" else {}
    bond = bonded(mode, slaves=("eth1", "eth0"), miimon=100, **options)
    joined = mtu_and_address(link(host, "eth0"))
    assert joined == mtu_and_address(link(host, bond.name))
    assert not set(joined) & set(before)
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
    detached = link(host, "eth0")
    assert not {"SLAVE", "UP"} & set(detached["flags"])
    assert mtu_and_address(detached) == before
    assert out.report().outage_ms <= SLACK
