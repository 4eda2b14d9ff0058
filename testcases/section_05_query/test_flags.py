"""MASTER and SLAVE in the view of ifconfig, and what it does not tell (HOWTO section 5.2)."""

from __future__ import annotations

import pytest

from lab.cases import HOST_IP, BondDriver, Testbed, behaviour, needs
from testcases.modes import EVERY
from testcases.section_05_query.listing import Shown, listed, parsed

SAMPLE = """eth0      Link encap:Ethernet  HWaddr 00:C0:F0:1F:37:B4
          inet addr:192.0.2.7  Bcast:192.0.2.255  Mask:255.255.252.0
          UP BROADCAST RUNNING SLAVE MULTICAST  MTU:1500  Metric:1
          RX packets:3573025 errors:0 dropped:0 overruns:0 frame:0
          TX packets:1643167 errors:1 dropped:0 overruns:1 carrier:0
          collisions:0 txqueuelen:100
"""
BOTH = frozenset({"MASTER", "SLAVE"})


def roles(shown: Shown) -> set[str]:
    """Which of the two flags it has."""
    return set(shown.flags & BOTH)


@behaviour("5.2.flags.master", "5.2.flags.slave")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=2, once=True)
def test_a_bond_is_master_and_its_slaves_are_slaves(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: read the flags of a bond and a NIC: before, during and after enslaving.

    Verify: MASTER alone on the bond all the time; SLAVE alone on the NIC, only while it is enslaved.
    """
    host = bed.host("host")
    host.run(["ip", "link", "set", "dev", "eth0", "down"])
    bond = driver.create(host, "bond0", {"mode": mode, "miimon": "100"})
    bond.set_up(True)
    seen = []
    for change in (None, bond.enslave, bond.release):
        if change:
            change("eth0")
        now = listed(host, driver, "bond0", "eth0")
        seen.append((roles(now["bond0"]), roles(now["eth0"])))
    assert seen == [({"MASTER"}, set()), ({"MASTER"}, {"SLAVE"}), ({"MASTER"}, set())]


@behaviour("5.2.no-association", "5.2.sample.slaves-show-bond-ip")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=4, once=True)
def test_the_listing_does_not_say_whose_slave_it_is(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: two bonds of two slaves each, with an address; read the listing and the status texts.

    Verify: the status texts tell the slaves of each bond; what is listed of a slave names no bond, and what
    is listed of a bond no slave. The listing is read with slaves' addresses, as in the sample, and without.
    """
    host = bed.host("host")
    slaves = {"bond0": ("eth0", "eth2"), "bond1": ("eth1", "eth3")}
    for name, nics in slaves.items():
        bond = driver.create(host, name, {"mode": mode, "miimon": "100"})
        bond.set_up(True)
        for nic in nics:
            host.run(["ip", "link", "set", "dev", nic, "down"])
            bond.enslave(nic)
    host.run(["ip", "address", "add", f"{HOST_IP}/24", "dev", "bond0"])
    assert {bond.name: bond.status().slave_names for bond in driver.bonds} == slaves
    now = listed(host, driver, "bond0", "bond1", "eth0", "eth1", "eth2", "eth3")
    for name, shown in now.items():
        assert not [other for other in now if other != name and other in shown.text]
    assert now["bond0"].addresses == (HOST_IP,)
    assert now["eth0"].addresses == ()
    assert parsed(SAMPLE)["eth0"].addresses == ("192.0.2.7",)
    assert roles(parsed(SAMPLE)["eth0"]) == roles(now["eth0"]) == {"SLAVE"}
