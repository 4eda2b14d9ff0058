"""How many bonds there can be (HOWTO section 14, question 3)."""

from __future__ import annotations

import json

from lab.cases import BondDriver, BondHandle, Testbed, behaviour, eventually, needs
from lab.hosts.base import Host
from testcases.modes import EVERY
from testcases.slaves import link_is


def bond_devices(host: Host) -> set[str]:
    """The interfaces of the host that are called bond and a number."""
    links = json.loads(host.run(["ip", "-j", "link", "show"]).stdout)
    return {link["ifname"] for link in links if link["ifname"].startswith("bond")}


@behaviour("14.3.unlimited-bonds")
@needs(slaves=2, once=True)
def test_there_is_no_limit_on_bonds(bed: Testbed, driver: BondDriver) -> None:
    """Steps: make 64 bonds of all modes in turn, then as many as make it 256; the last one gets slaves.
    (One by one, not by max_bonds, so that each has a mode of its own.)

    Verify: each is a device and has its status text, which tells its mode; the last one works as any.
    """
    host = bed.host("host")
    bonds: dict[str, BondHandle] = {}
    for count in (64, 256):
        for number in range(len(bonds), count):
            options = {"mode": EVERY[number % len(EVERY)], "miimon": "100"}
            bonds[f"bond{number}"] = driver.create(host, f"bond{number}", options)
        assert bond_devices(host) == set(bonds)
        shown = {name: bond.status().mode for name, bond in bonds.items()}
        assert shown == {name: EVERY[number % len(EVERY)] for number, name in enumerate(bonds)}
    last = bonds["bond255"]
    last.set_up(True)
    for nic in host.nics[:2]:
        host.run(["ip", "link", "set", "dev", nic, "down"])
        last.enslave(nic)
    for nic in host.nics[:2]:
        eventually(link_is(last, nic, "up"), within=2.0, what=f"{nic} is up")
    assert last.status().slave_names == host.nics[:2]
