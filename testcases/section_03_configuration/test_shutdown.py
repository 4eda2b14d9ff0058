"""Stopping bonding by hand (HOWTO section 3.3)."""

from __future__ import annotations

from lab.cases import BondDriver, Bonding, StreamMaker, behaviour, needs
from testcases.section_03_configuration.shutting_down import is_there, unloaded
from testcases.wire import Wire


@behaviour("3.3.shutdown-down-first")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_bond_that_is_up_is_not_removed(
    driver: BondDriver, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: remove the driver of a bond that is up; then bring the bond down and remove it again.

    Verify: the first is refused and told so, and the bond goes on to carry frames; the second succeeds, and
    both slaves have their own addresses again.
    """
    bond = bonded("active-backup", miimon=100)
    own = {slave.name: slave.permanent_mac for slave in bond.status().slaves}
    refused = unloaded(bond, driver)
    assert refused.returncode != 0
    assert "is up" in refused.stderr
    with stream("out") as out:
        wire.mark()
        out.run(0.2)
    assert set(wire.shares()) == {"eth0"}
    bond.set_up(False)
    assert unloaded(bond, driver).returncode == 0
    assert not is_there(bond)
    assert {nic: bond.host.mac(nic) for nic in own} == own
