"""Configuring bonding manually, by commands in a start script (HOWTO section 3.3)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from lab.cases import (
    BondDriver,
    DriverRefused,
    Testbed,
    behaviour,
    needs,
)
from testcases.section_03_configuration.by_hand import bond_and_nic_down
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import (
    INITSCRIPTS_BOND,
    MANUAL,
    MODULES_CONF,
    initscripts_slave,
)


@behaviour("3.3.sample-sequence")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_sample_gives_the_bond_it_describes(network: Network) -> None:
    """Steps: the five commands of the HOWTO, as boot.local.

    Verify: bond0 is up with that address, in mode balance-alb with miimon=100, over eth0 and eth1; the peer
    answers.
    """
    assert network.start({"boot.local": MANUAL}) == ["bond0"]
    status = network.bond().status()
    assert (status.mode, status.miimon_ms) == ("balance-alb", 100)
    assert status.slave_names == ("eth0", "eth1")
    assert network.ipv4() == [("192.168.1.1", 24, "192.168.1.255")]
    network.reaches("192.168.1.2", 24)


@behaviour("3.3.modprobe-o-names-instance")
@pytest.mark.parametrize("name", ["-obond0", "-o bond0", "-o uplink"])
@needs(once=True)
def test_the_name_of_the_instance_is_that_of_the_bond(network: Network, name: str) -> None:
    """Steps: load bonding with a name, in both spellings. Verify: that bond and its device, and no other."""
    made = name.removeprefix("-o").strip()
    assert network.start({"rc.local": f"modprobe bonding {name} mode=1 miimon=100\n"}) == [made]
    assert network.bondctl("list").stdout.split() == [made]
    assert network.is_up(made)
    assert network.bond(made).status().mode == "active-backup"


@behaviour("3.3.up-before-enslave")
@needs(slaves=2, once=True)
def test_the_bond_is_up_before_it_has_slaves(bed: Testbed, driver: BondDriver) -> None:
    """Steps: enslave to a bond that is down; then to the same one, up.

    Verify: it is refused while the bond is down; then eth0 is a slave.
    """
    bond = bond_and_nic_down(bed, driver)
    with suppress(DriverRefused):
        bond.enslave("eth0")
    assert bond.status().slave_names == ()
    bond.set_up(True)
    bond.enslave("eth0")
    assert bond.status().slave_names == ("eth0",)


@needs(slaves=2, once=True)
def test_a_script_that_enslaves_too_early_is_refused(network: Network) -> None:
    """Steps: apply a script that enslaves before it brings the bond up. Verify: the line is named."""
    said = network.refusal({"rc.local": "modprobe bonding -o bond1\nifenslave bond1 eth1\n"})
    assert "rc.local:2: ifenslave: bond1 is not up yet" in said


@behaviour("3.3.reload-by-rerun")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_script_is_run_again(network: Network) -> None:
    """Steps: shut the bond of the sample down, change its options in the script, and run that.

    Verify: the bond is back with the new options, and the peer answers.
    """
    network.start({"boot.local": MANUAL})
    network.bondctl("unapply", network.write({"boot.local": MANUAL}))
    assert network.bonds() == []
    changed = MANUAL.replace("balance-alb miimon=100", "active-backup miimon=50")
    network.start({"boot.local": changed})
    status = network.bond().status()
    assert (status.mode, status.miimon_ms, status.slave_names) == ("active-backup", 50, ("eth0", "eth1"))
    network.reaches("192.168.1.2", 24)


@behaviour("3.3.no-ifup-ifdown")
@needs(slaves=2, once=True)
def test_scripts_do_not_know_a_manual_bond(network: Network) -> None:
    """Steps: with the bond of the sample running, ask the network scripts to stop it, and to start it.

    Verify: both times the device is unknown to them, and the bond stays as it was.
    """
    network.start({"boot.local": MANUAL})
    before = network.bond().proc_text()
    scripts = {"ifcfg-bond1": "STARTMODE=onboot\nBONDING_MASTER=yes\nBONDING_SLAVE0=eth0\n"}
    for command in ("unapply", "apply"):
        done = network.bondctl(command, network.write(scripts), "--only", "bond0", check=False)
        assert done.returncode == 1
        assert "bond0: no such bond is configured" in done.stderr
        assert network.bond().proc_text() == before
    assert network.is_up("bond0")
    assert network.ipv4() == [("192.168.1.1", 24, "192.168.1.255")]


@behaviour("3.methods.with-or-without-scripts")
@needs(slaves=2, once=True)
def test_each_way_gives_the_same_bond(network: Network) -> None:
    """Steps: the same bond as sysconfig files, as initscripts files and as commands, each on a clean host.

    Verify: options, slaves, addresses and flags are equal in all three.
    """
    sysconfig = """BOOTPROTO=static
IPADDR=192.168.1.1
NETMASK=255.255.255.0
STARTMODE=onboot
BONDING_MASTER=yes
BONDING_MODULE_OPTS="mode=balance-alb miimon=100"
BONDING_SLAVE0=eth0
BONDING_SLAVE1=eth1
"""
    slaves = {f"ifcfg-{nic}": initscripts_slave(nic) for nic in ("eth0", "eth1")}
    trees = [
        {"ifcfg-bond0": sysconfig},
        {**slaves, "ifcfg-bond0": INITSCRIPTS_BOND, "modules.conf": MODULES_CONF},
        {"boot.local": MANUAL},
    ]
    found = []
    for tree in trees:
        assert network.start(tree) == ["bond0"]
        bond = network.bond()
        flags = {name: set(network.links()[name]["flags"]) & {"UP", "MASTER"} for name in ("bond0", "eth0")}
        found.append((dict(bond.options()), bond.status().slave_names, network.ipv4(), flags))
        network.bondctl("unapply", network.write(tree))
    assert found[0] == found[1] == found[2]
    assert found[0][0]["mode"] == "balance-alb"
    assert found[0][1:3] == (("eth0", "eth1"), [("192.168.1.1", 24, "192.168.1.255")])


@pytest.mark.parametrize(
    ("slave", "reason"), [("eth9", "there is no such interface"), ("lo", "not an Ethernet interface")]
)
@needs(slaves=2, once=True)
def test_a_configuration_is_applied_as_a_whole_or_not_at_all(
    network: Network, slave: str, reason: str
) -> None:
    """Steps: two bonds, the second over an interface that is not there, or is refused when the first has its
    slaves already; the first one's NICs are up, with addresses.

    Verify: the error tells; no bond is left, and the NICs are up, with address and MAC as before.
    """
    for number, nic in enumerate(("eth0", "eth1")):
        network.host.run(["ip", "link", "set", "dev", nic, "up"])
        network.host.run(["ip", "addr", "add", f"10.9.{number}.1/24", "dev", nic])
    before = {nic: (network.ipv4(nic), network.is_up(nic), network.host.mac(nic)) for nic in ("eth0", "eth1")}
    script = "modprobe bonding -o bond0\nmodprobe bonding -o bond1\nifconfig bond0 up\nifconfig bond1 up\n"
    script += f"ifenslave bond0 eth0 eth1\nifenslave bond1 {slave}\n"
    assert reason in network.refusal({"rc.local": script})
    assert network.bonds() == []
    after = {nic: (network.ipv4(nic), network.is_up(nic), network.host.mac(nic)) for nic in ("eth0", "eth1")}
    assert after == before
