"""Today's drivers: which modes show an active slave (HOWTO section 5.1)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, StreamMaker, differs, needs
from testcases.modes import ADAPTIVE, EVERY
from testcases.wire import Wire


@differs("5.1.proc.active-slave-line")
@pytest.mark.parametrize("mode", [mode for mode in EVERY if mode != "802.3ad"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_only_modes_with_an_active_slave_name_it(
    mode: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a bond of each mode; read the text; send a broadcast stream.

    Verify: active-backup, balance-tlb and balance-alb have the line, and the slave that it names carries
    what is not balanced; balance-rr, balance-xor and broadcast do not have it.
    """
    bond = bonded(mode, miimon=100)
    lines = [line for line in bond.proc_text().splitlines() if line.startswith("Currently Active Slave:")]
    wire.mark()
    with stream("out", dst_mac="ff:ff:ff:ff:ff:ff", dst_ip="10.0.0.255") as out:
        out.wait_sent(20)
    if mode in ("active-backup", *ADAPTIVE):
        assert lines == ["Currently Active Slave: eth0"]
        assert set(wire.shares()) == {"eth0"}
    else:
        assert lines == []
