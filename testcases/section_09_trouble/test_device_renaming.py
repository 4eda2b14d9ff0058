"""Ethernet device renaming: the order in which drivers are loaded decides who is eth0 (HOWTO section 9.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lab.cases import BondDriver, Testbed, behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import initscripts_slave

MODULES = """alias bond0 bonding
options bond0 mode=active-backup miimon=50
alias eth0 tg3
alias eth1 tg3
alias eth2 e1000
alias eth3 e1000
"""
ADD_ABOVE = "add above bonding e1000 tg3\n"
INSTALL = (
    "install bonding /sbin/modprobe tg3; /sbin/modprobe e1000; /sbin/modprobe --ignore-install bonding\n"
)
DEVICES = {"tg3": ("eth0", "eth1"), "e1000": ("eth2", "eth3")}
"""The devices of each driver, by the names that they have when all goes well."""

IN_PROBE_ORDER = "n=0; while ip link show eth$n >/dev/null 2>&1; do n=$((n + 1)); done; echo eth$n"
LOADER = """#!/bin/sh
# Loads the driver of NICs, whose devices have a name that nobody uses until then.
name() {{
    {name}
}}
bond=before; ip link show bond0 >/dev/null 2>&1 && bond=after
echo "$1 $bond" >> {log}
for nic in $(ip -o link | sed -n "s/.* \\($1-[0-9]\\)[:@].*/\\1/p"); do
    ip link set dev $nic name $(name $nic) || exit 1
done
"""


class Drivers:
    """The simulated drivers of the host's first four NICs, none of them loaded."""

    def __init__(self, network: Network, directory: Path) -> None:
        self.network = network
        self.macs = {nic: network.host.mac(nic) for nics in DEVICES.values() for nic in nics}
        self.loader, self._log = directory / "loader", directory / "loads"
        self.name_by(IN_PROBE_ORDER)
        self.loader.chmod(0o755)
        self._log.write_text("")
        self.unload()

    def name_by(self, rule: str) -> None:
        """Have the loader name devices by these commands of the shell; $1 is what the device is called."""
        self.loader.write_text(LOADER.format(log=self._log, name=rule))

    def tie_names(self) -> None:
        """Have it give each device its own name, as scripts do that know the devices."""
        names = " ".join(f"{device}) echo {nic};;" for nic, device in self._unloaded().items())
        self.name_by(f"case $1 in {names} esac")

    def unload(self) -> None:
        """Take all devices away from their names."""
        now = self.names()
        self._rename({now[nic]: device for nic, device in self._unloaded().items()})

    def _unloaded(self) -> dict[str, str]:
        return {nic: f"{driver}-{n}" for driver, nics in DEVICES.items() for n, nic in enumerate(nics)}

    def loads(self) -> list[str]:
        """What was loaded, in order, each with `before` or `after` the bond was there."""
        return self._log.read_text().splitlines()

    def names(self) -> dict[str, str]:
        """The names that the NICs have now, by those they have when all goes well."""
        now = {self.network.host.mac(name): name for name in self.network.links() if name[0] in "et"}
        return {nic: now[mac] for nic, mac in self.macs.items()}

    def delete_bonds(self) -> None:
        """So that every device has its own address."""
        for name in self.network.bondctl("list").stdout.split():
            self.network.bondctl("del", "--force", name)

    def restore(self) -> None:
        """Give each NIC its name back."""
        self.delete_bonds()
        names = self.names()
        self._rename({name: f"was-{nic}" for nic, name in names.items()})
        self._rename({f"was-{nic}": nic for nic in names})

    def _rename(self, names: Mapping[str, str]) -> None:
        lines = [f"link set dev {old} name {new}\n" for old, new in names.items()]
        self.network.host.run(["ip", "-batch", "-"], text_in="".join(lines))

    def files(self, name: str, text: str) -> dict[str, str]:
        """Scripts of bond0 over eth2 and eth3, and a file about modules."""
        slaves = {f"ifcfg-{nic}": initscripts_slave(nic) for nic in DEVICES["e1000"]}
        return {**slaves, "ifcfg-bond0": "DEVICE=bond0\nONBOOT=yes\n", name: text}


@pytest.fixture
def drivers_unloaded(bed: Testbed, driver: BondDriver) -> Iterator[Drivers]:
    """A host on which no driver of a NIC is loaded."""
    drivers = Drivers(Network(bed, driver), bed.run_dir)
    yield drivers
    drivers.restore()


@behaviour("9.2.rename.bonding-first-reorders")
@needs(slaves=4, once=True)
def test_with_bonding_first_the_names_are_others(drivers_unloaded: Drivers) -> None:
    """Steps: start bond0 over eth2 and eth3 by the HOWTO's first modules.conf, with nothing else loaded.

    Verify: bonding is loaded first, then e1000, whose ports are called eth0 and eth1; so the bond fails.
    """
    drivers = drivers_unloaded
    files = drivers.files("modules.conf", MODULES)
    said = drivers.network.refusal(files, "--modprobe", str(drivers.loader))
    assert "eth2: there is no such interface" in said
    assert drivers.loads() == ["e1000 after"]
    names = drivers.names()
    assert (names["eth2"], names["eth3"]) == ("eth0", "eth1")


@behaviour("9.2.rename.modules-conf-add-above")
@needs(slaves=4, once=True)
def test_add_above_loads_drivers_before_bonding(drivers_unloaded: Drivers) -> None:
    """Steps: the same with `add above bonding e1000 tg3`. Verify: e1000, tg3, then bonding are loaded."""
    drivers = drivers_unloaded
    drivers.network.start(
        drivers.files("modules.conf", MODULES + ADD_ABOVE), "--modprobe", str(drivers.loader)
    )
    assert drivers.loads() == ["e1000 before", "tg3 before"]
    assert drivers.network.bonds() == ["bond0"]


@behaviour("9.2.rename.modprobe-install-line", "9.2.rename.ignore-install", "9.2.rename.right-file")
@pytest.mark.parametrize("file", ["modprobe.conf", "modprobe.conf.local", "modules.conf"])
@needs(slaves=4, once=True)
def test_an_install_line_loads_drivers_before_bonding(drivers_unloaded: Drivers, file: str) -> None:
    """Steps: the same with the HOWTO's install line in modprobe.conf and in modprobe.conf.local; with `add
    above` in modules.conf; in each with the line of the other dialect first.

    Verify: tg3 and e1000 are loaded once and in this order, then bonding, once; all names are right, and the
    bond has the e1000 ports. A line of the other dialect is refused with a hint and nothing is loaded.
    """
    drivers = drivers_unloaded
    words = "--modprobe", str(drivers.loader)
    wrong = INSTALL if file == "modules.conf" else ADD_ABOVE
    hint = "write `add above bonding ...`" if file == "modules.conf" else "write `install bonding"
    assert hint in drivers.network.refusal(drivers.files(file, MODULES + wrong), *words)
    assert drivers.loads() == []
    if file == "modules.conf":
        drivers.network.start(drivers.files(file, MODULES + "add above bonding tg3 e1000\n"), *words)
    else:
        drivers.network.start(drivers.files(file, MODULES + INSTALL), *words)
    assert drivers.loads() == ["tg3 before", "e1000 before"]
    assert drivers.network.bonds() == ["bond0"]
    slaves = drivers.network.bond().status().slaves
    assert {slave.name: slave.permanent_mac for slave in slaves} == {
        nic: drivers.macs[nic] for nic in DEVICES["e1000"]
    }


@behaviour("9.2.rename.needs-stable-names")
@needs(slaves=4, once=True)
def test_names_depend_on_the_order_unless_they_are_tied_to_devices(drivers_unloaded: Drivers) -> None:
    """Steps: start bond0 over eth2 and eth3 with tg3 loaded before e1000, and with e1000 before tg3; with
    names given as devices are found, then with names that are tied to devices.

    Verify: as they are found, the names of both drivers' ports swap, and the bond has those of tg3 in place
    of those of e1000; names that are tied stay, and the bond has the ports of e1000 in both orders.
    """
    drivers = drivers_unloaded
    straight = {nic: nic for nics in DEVICES.values() for nic in nics}
    swapped = dict(zip(straight, ("eth2", "eth3", "eth0", "eth1"), strict=True))
    for tied in (False, True):
        if tied:
            drivers.tie_names()
        for order in (("tg3", "e1000"), ("e1000", "tg3")):
            text = MODULES + f"add above bonding {' '.join(order)}\n"
            drivers.network.start(drivers.files("modules.conf", text), "--modprobe", str(drivers.loader))
            slaves = drivers.network.bond().status().slaves
            in_the_bond = {slave.permanent_mac for slave in slaves}
            drivers.delete_bonds()
            right = tied or order[0] == "tg3"
            assert drivers.names() == (straight if right else swapped)
            assert in_the_bond == {drivers.macs[nic] for nic in DEVICES["e1000" if right else "tg3"]}
            drivers.unload()
