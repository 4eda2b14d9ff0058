"""Configuration with initscripts support (HOWTO section 3.2)."""

from __future__ import annotations

from lab.cases import behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import INITSCRIPTS_BOND, MODULES_CONF, initscripts_slave

SCRIPTS = "etc/sysconfig/network-scripts"
SAMPLE = {
    "ifcfg-eth0": initscripts_slave("eth0"),
    "ifcfg-eth1": initscripts_slave("eth1"),
    "ifcfg-bond0": INITSCRIPTS_BOND,
    "modules.conf": MODULES_CONF,
}


@behaviour(
    "3.2.bond.sample-file",
    "3.2.slave.file-content",
    "3.2.restart-brings-up",
    "3.2.modules-conf.options-line",
)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_sample_gives_the_bond_it_describes(network: Network) -> None:
    """Steps: start the network with the HOWTO's files, where eth0 has an address left from before.

    Verify: bond0 is up with exactly that address, in mode balance-alb with miimon=100; eth0 and eth1 are its
    slaves, up and without an address; the peer answers.
    """
    network.host.run(["ip", "addr", "add", "10.9.0.1/24", "dev", "eth0"])
    assert network.start(SAMPLE) == ["bond0"]
    status = network.bond().status()
    assert (status.mode, status.miimon_ms) == ("balance-alb", 100)
    assert status.slave_names == ("eth0", "eth1")
    assert network.ipv4() == [("192.168.1.1", 24, "192.168.1.255")]
    assert [network.is_up(name) for name in ("bond0", "eth0", "eth1")] == [True] * 3
    assert network.ipv4("eth0") == network.ipv4("eth1") == []
    network.reaches("192.168.1.2", 24)


@behaviour("3.2.slave.own-file-needed")
@needs(slaves=2, once=True)
def test_each_slave_needs_a_file(network: Network) -> None:
    """Steps: start the network without the file of eth1.

    Verify: eth0 is a slave, eth1 is neither a slave nor up.
    """
    network.start({name: text for name, text in SAMPLE.items() if name != "ifcfg-eth1"})
    assert network.bond().status().slave_names == ("eth0",)
    assert not network.is_up("eth1")


@behaviour(
    "3.2.slave.file-path",
    "3.2.slave.master-selects-bond",
    "3.2.bond.file-path",
    "3.2.bond.numbering",
)
@needs(slaves=4, once=True)
def test_the_files_of_the_folder_count(network: Network) -> None:
    """Steps: a root with files of bond0 over eth0 and bond1 over eth2 and eth3; eth1's file lies elsewhere.

    Verify: exactly bond0 and bond1, with their own options and addresses; slaves are split as MASTER says,
    and eth1 is no slave.
    """
    modules = "alias bond0 bonding\noptions bond0 -o bond0 mode=balance-rr\n"
    modules += "alias bond1 bonding\noptions bond1 -o bond1 mode=active-backup miimon=100\n"
    second = INITSCRIPTS_BOND.replace("bond0", "bond1").replace("192.168.1.", "192.168.2.")
    files = {
        "etc/modules.conf": modules,
        f"{SCRIPTS}/ifcfg-bond0": INITSCRIPTS_BOND,
        f"{SCRIPTS}/ifcfg-bond1": second,
        f"{SCRIPTS}/ifcfg-eth0": initscripts_slave("eth0"),
        "etc/sysconfig/network/ifcfg-eth1": initscripts_slave("eth1"),
        f"{SCRIPTS}/ifcfg-eth2": initscripts_slave("eth2", "bond1"),
        f"{SCRIPTS}/ifcfg-eth3": initscripts_slave("eth3", "bond1"),
    }
    assert network.start(files) == network.bonds() == ["bond0", "bond1"]
    views = [network.bond(name).status() for name in ("bond0", "bond1")]
    assert [view.mode for view in views] == ["balance-rr", "active-backup"]
    assert [view.slave_names for view in views] == [("eth0",), ("eth2", "eth3")]
    assert [network.ipv4(name)[0][0] for name in ("bond0", "bond1")] == ["192.168.1.1", "192.168.2.1"]
    assert not network.is_up("eth1")


@behaviour("3.2.slave.device-matches-name")
@needs(slaves=2, once=True)
def test_the_device_is_that_of_the_files_name(network: Network) -> None:
    """Steps: ifcfg-eth1 with DEVICE=eth0.

    Verify: the mismatch is reported with its place, and nothing is attached.
    """
    said = network.refusal({**SAMPLE, "ifcfg-eth1": initscripts_slave("eth0")})
    assert "ifcfg-eth1:1: DEVICE: 'eth0' does not match the name of the file" in said
    assert [network.is_up(nic) for nic in ("eth0", "eth1")] == [False, False]


@behaviour("3.2.modules-conf.alias-loads-driver")
@needs(slaves=2, once=True)
def test_the_alias_loads_the_driver(network: Network) -> None:
    """Steps: bring up bond0 with the alias line in modules.conf, stop, and again without the line.

    Verify: first there is the bond; without the line there is no such device, and no bond.
    """
    assert network.start(SAMPLE, "--only", "bond0") == ["bond0"]
    network.bondctl("unapply", network.write(SAMPLE))
    options = MODULES_CONF.splitlines(keepends=True)[1]
    assert "bond0: no such device" in network.refusal({**SAMPLE, "modules.conf": options}, "--only", "bond0")
    assert network.bonds() == []
