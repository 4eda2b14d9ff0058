"""Configuration with sysconfig support (HOWTO section 3.1)."""

from __future__ import annotations

import pytest

from lab.cases import behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import SLAVE_FILE, SYSCONFIG
from testcases.wire import Wire

ICMP, UDP = 1, 17


def is_ip(frame: bytes, protocol: int) -> bool:
    """An IPv4 packet of that protocol."""
    return frame[12:14] == b"\x08\x00" and frame[23] == protocol


def bond_file(options: str, *slaves: str, start: str = "onboot", master: str = "BONDING_MASTER=yes") -> str:
    """An ifcfg-bondX without an address."""
    numbered = [f"BONDING_SLAVE{number}={slave}" for number, slave in enumerate(slaves)]
    return "\n".join([f"STARTMODE={start}", master, f'BONDING_MODULE_OPTS="{options}"', *numbered, ""])


@behaviour(
    "3.1.bond.sample-file",
    "3.1.slave.bootproto-none",
    "3.1.startmode.onboot",
    "3.1.template-documentation",
)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_sample_gives_the_bond_it_describes(network: Network, wire: Wire) -> None:
    """Steps: start the network with the HOWTO's file of the bond and files of its slaves.

    Verify: bond0 is up with the options, slaves and the address as written, broadcast address included; the
    peer answers; slaves have no address, and nothing on their cables asks for one by DHCP.
    """
    macs = [network.host.mac(nic) for nic in ("eth0", "eth1")]
    files = {f"ifcfg-id-{mac}": SLAVE_FILE for mac in macs}
    assert network.start({**files, "ifcfg-bond0": SYSCONFIG}) == ["bond0"]
    status = network.bond().status()
    assert (status.mode, status.miimon_ms) == ("active-backup", 100)
    assert status.slave_names == ("eth0", "eth1")
    assert network.ipv4() == [("10.0.2.10", 16, "10.0.2.255")]
    assert [network.is_up(name) for name in ("bond0", "eth0", "eth1")] == [True] * 3
    network.reaches("10.0.2.20", 16)
    for nic in ("eth0", "eth1"):
        assert network.ipv4(nic) == []
        assert not wire.left_by(nic, lambda frame: is_ip(frame, UDP))
    assert set(wire.shares(lambda frame: is_ip(frame, ICMP))) == {"eth0"}


@behaviour("3.1.slave.startmode-off")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_slaves_are_started_by_their_bond_only(network: Network) -> None:
    """Steps: start the network with files of slaves alone, then with that of their bond, too.

    Verify: the ports stay down; then they are up, as slaves.
    """
    files = {f"ifcfg-id-{network.host.mac(nic)}": SLAVE_FILE for nic in ("eth0", "eth1")}
    assert "no bond is configured" in network.refusal(files)
    assert [network.is_up(nic) for nic in ("eth0", "eth1")] == [False, False]
    network.start({**files, "ifcfg-bond0": SYSCONFIG})
    assert [network.is_up(nic) for nic in ("eth0", "eth1")] == [True, True]
    assert network.bond().status().slave_names == ("eth0", "eth1")


@behaviour("3.1.bond.file-name", "3.1.bond.multiple-instances", "3.1.module-opts.per-device")
@needs(slaves=4, once=True)
def test_each_file_makes_the_bond_of_its_name(network: Network) -> None:
    """Steps: files of bond0 and bond1 with different options; no modprobe.conf, no max_bonds.

    Verify: exactly these two bonds run, each with its own options and slaves.
    """
    files = {
        "ifcfg-bond0": bond_file("mode=balance-rr miimon=100", "eth0", "eth1"),
        "ifcfg-bond1": bond_file("mode=active-backup miimon=50 primary=eth3", "eth2", "eth3"),
    }
    assert network.start(files) == network.bonds() == ["bond0", "bond1"]
    first, second = (network.bond(name).status() for name in ("bond0", "bond1"))
    assert (first.mode, first.miimon_ms, first.primary) == ("balance-rr", 100, None)
    assert (second.mode, second.miimon_ms, second.primary) == ("active-backup", 50, "eth3")
    assert (first.slave_names, second.slave_names) == (("eth0", "eth1"), ("eth2", "eth3"))


@behaviour("3.1.startmode.manual", "3.1.startmode.off-or-ignore", "3.1.startmode.hotplug-invalid")
@pytest.mark.parametrize("word", ["manual", "off", "ignore", "hotplug"])
@needs(slaves=2, once=True)
def test_a_bond_that_is_not_started_at_boot(network: Network, word: str) -> None:
    """Steps: the boot sequence with each STARTMODE but onboot; then ask for the bond itself (ifup).

    Verify: no bond after the boot. A manual one is up when it is asked for, the others are not; `hotplug` is
    reported as a value that a bond cannot have.
    """
    files = {"ifcfg-bond0": bond_file("mode=active-backup miimon=100", "eth0", "eth1", start=word)}
    if word == "hotplug":
        for words in ((), ("--only", "bond0")):
            assert "ifcfg-bond0:1: STARTMODE: a bond cannot be started by" in network.refusal(files, *words)
        return
    assert network.start(files) == []
    assert network.bonds() == []
    if word == "manual":
        assert network.start(files, "--only", "bond0") == ["bond0"]
        assert network.is_up("bond0")
        assert network.bond().status().slave_names == ("eth0", "eth1")
    else:
        assert "switched off" in network.refusal(files, "--only", "bond0")


@behaviour("3.1.bonding-master.yes")
@pytest.mark.parametrize("master", ["BONDING_MASTER=yes", "BONDING_MASTER=no", ""])
@needs(slaves=2, once=True)
def test_bonding_master_marks_a_bond(network: Network, master: str) -> None:
    """Steps: start with BONDING_MASTER yes, no, and without that line.

    Verify: with yes there is the bond and its slaves; otherwise neither.
    """
    files = {"ifcfg-bond0": bond_file("mode=active-backup miimon=100", "eth0", "eth1", master=master)}
    if "yes" in master:
        assert network.start(files) == ["bond0"]
        assert network.bond().status().slave_names == ("eth0", "eth1")
    else:
        assert "no bond is configured" in network.refusal(files)
        assert not network.is_up("eth0")


@behaviour("3.1.module-opts.no-max-bonds")
@needs(slaves=4, once=True)
def test_max_bonds_does_not_belong_there(network: Network) -> None:
    """Steps: files of two bonds, the first with max_bonds=2 among its options; then without it.

    Verify: the first attempt is refused with the place and leaves no bond at all; then both are as written.
    """
    second = bond_file("mode=active-backup miimon=50", "eth2", "eth3")
    wrong = {"ifcfg-bond0": bond_file("mode=0 max_bonds=2", "eth0", "eth1"), "ifcfg-bond1": second}
    assert "ifcfg-bond0:3: BONDING_MODULE_OPTS: max_bonds does not belong here" in network.refusal(wrong)
    assert network.bonds() == []
    right = {"ifcfg-bond0": bond_file("mode=0", "eth0", "eth1"), "ifcfg-bond1": second}
    assert network.start(right) == network.bonds() == ["bond0", "bond1"]
    assert network.bond("bond1").status().mode == "active-backup"


@behaviour("3.1.slaves.bonding-slave-n")
@needs(slaves=3, once=True)
def test_slaves_come_in_the_order_of_their_numbers(network: Network) -> None:
    """Steps: eth2, eth0 and eth1 as BONDING_SLAVE0 to 2, the lines in another order.

    Verify: the status lists them by number, and the bond has the hardware address of eth2.
    """
    mac = network.host.mac("eth2")
    text = bond_file("mode=balance-rr miimon=100")
    text += "BONDING_SLAVE2=eth1\nBONDING_SLAVE0=eth2\nBONDING_SLAVE1=eth0\n"
    network.start({"ifcfg-bond0": text})
    bond = network.bond()
    assert bond.status().slave_names == ("eth2", "eth0", "eth1")
    assert bond.mac() == network.host.mac("bond0") == mac


@behaviour("3.1.restart.applies-changes", "3.1.restart.unloads-driver")
@needs(slaves=2, once=True)
def test_a_restart_applies_what_has_changed(network: Network) -> None:
    """Steps: start a balance-rr bond; change its file to active-backup; look; stop; look; start.

    Verify: the mode is the old one until the network is stopped; then no bond and no status is left, and
    slaves have their own addresses again; the new mode is there after the start.
    """
    macs = {nic: network.host.mac(nic) for nic in ("eth0", "eth1")}
    network.start({"ifcfg-bond0": bond_file("mode=balance-rr miimon=100", *macs)})
    changed = network.write({"ifcfg-bond0": bond_file("mode=active-backup miimon=50", *macs)})
    assert network.bond().status().mode == "balance-rr"
    assert network.bondctl("unapply", changed).stdout.split() == ["bond0"]
    assert network.bonds() == []
    assert network.bondctl("status", "bond0", "--proc", check=False).returncode == 1
    assert {nic: network.host.mac(nic) for nic in macs} == macs
    network.bondctl("apply", changed)
    status = network.bond().status()
    assert (status.mode, status.miimon_ms, status.slave_names) == ("active-backup", 50, tuple(macs))
