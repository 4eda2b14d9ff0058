"""The files of slaves in a sysconfig network (HOWTO section 3.1)."""

from __future__ import annotations

from lab.cases import behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import SLAVE_FILE, SYSCONFIG

DHCP_FILE = """BOOTPROTO='dhcp'
STARTMODE='on'
USERCTL='no'
MTU='1400'
UNIQUE='XNzu.WeZGOGF+4wE'
_nm_name='bus-pci-0001:61:01.0'
"""


def by_address(macs: list[str]) -> str:
    """The sample's bond over the NICs with these addresses."""
    bond = SYSCONFIG
    for number, mac in enumerate(macs):
        bond = bond.replace(f'"eth{number}"', f'"eth-id-{mac}"')
    return bond


@behaviour("3.1.slave.created-as-dhcp")
@needs(slaves=2, once=True)
def test_a_slave_file_that_still_asks_for_dhcp_is_reported(network: Network) -> None:
    """Steps: start the sample's bond, whose slaves are named by their addresses, with the second slave's file
    as it is made for DHCP; then with BOOTPROTO=none in it.

    Verify: the place is reported, and no bond made; then both NICs are slaves.
    """
    macs = [network.host.mac(nic) for nic in ("eth0", "eth1")]
    fresh = SLAVE_FILE.replace("BOOTPROTO='none'", "BOOTPROTO='dhcp'").replace("'off'", "'onboot'")
    files = {f"ifcfg-id-{macs[0]}": SLAVE_FILE, f"ifcfg-id-{macs[1]}": fresh, "ifcfg-bond0": by_address(macs)}
    said = network.refusal(files)
    assert f"ifcfg-id-{macs[1]}:1: BOOTPROTO: a slave has no address of its own; write none" in said
    assert f"ifcfg-id-{macs[0]}" not in said
    assert [network.is_up(nic) for nic in ("eth0", "eth1")] == [False, False]
    assert network.start({**files, f"ifcfg-id-{macs[1]}": SLAVE_FILE}) == ["bond0"]
    assert network.bond().status().slave_names == ("eth0", "eth1")


@behaviour("3.1.slave.keep-unique-and-nm-name", "3.1.slave.drop-other-lines")
@needs(slaves=2, once=True)
def test_the_file_for_dhcp_becomes_that_of_a_slave(network: Network) -> None:
    """Steps: convert the files of both NICs as they are made for DHCP, and start the network with them.

    Verify: BOOTPROTO is none and STARTMODE off, UNIQUE and _nm_name are byte for byte as before, other lines
    are gone, and nothing is said against it; the bond has both NICs, with their MTU untouched.
    """
    macs = [network.host.mac(nic) for nic in ("eth0", "eth1")]
    files = {f"ifcfg-id-{mac}": DHCP_FILE for mac in macs}
    there = network.write({**files, "ifcfg-bond0": by_address(macs)})
    for name in files:
        done = network.bondctl("slave-file", "--in-place", there / name)
        assert (done.stdout, done.stderr) == ("", "")
        assert (there / name).read_text() == SLAVE_FILE
    started = network.bondctl("apply", there)
    assert (started.stdout, started.stderr) == ("bond0\n", "")
    assert network.bond().status().slave_names == ("eth0", "eth1")
    assert [network.links()[nic]["mtu"] for nic in ("eth0", "eth1")] == [1500, 1500]


@behaviour("3.1.slave.file-name")
@needs(slaves=2, once=True)
def test_a_file_is_that_of_the_nic_with_its_permanent_address(network: Network) -> None:
    """Steps: start bond0 over eth0 and eth1, each by its permanent address and with a file named after that,
    which gives eth1 another address; then, in vain, bond1 over eth1 with its file still as made for DHCP, its
    name in capitals, and with it put right; then bond1 over eth0, detached from a bond that keeps its
    address.

    Verify: bond0 has both; the fault is told of eth1's file; then it is eth1 that is refused, as a slave of
    bond0; at last bond1 has eth0.
    """
    macs = [network.host.mac(nic) for nic in ("eth0", "eth1")]
    files = {f"ifcfg-id-{mac}": SLAVE_FILE for mac in macs}
    assert network.start({**files, "ifcfg-bond0": by_address(macs)}) == ["bond0"]
    assert network.bond().status().slave_names == ("eth0", "eth1")
    assert [network.host.mac(nic) for nic in ("eth0", "eth1")] == [macs[0]] * 2
    second = SYSCONFIG.replace("10.0.2.", "10.3.2.").replace('BONDING_SLAVE1="eth1"\n', "")
    over_eth0, over_eth1 = (second.replace('"eth0"', f'"eth-id-{mac}"') for mac in macs)
    of_eth1 = f"ifcfg-id-{macs[1].upper()}"
    said = network.refusal({of_eth1: DHCP_FILE, "ifcfg-bond1": over_eth1})
    assert f"{of_eth1}:1: BOOTPROTO: a slave has no address of its own; write none" in said
    said = network.refusal({of_eth1: SLAVE_FILE, "ifcfg-bond1": over_eth1})
    assert "eth1 belongs to bond0 already" in said
    network.bondctl("release", "bond0", "eth0")
    assert network.host.mac("bond0") == network.host.mac("eth1") == macs[0]
    assert network.start({**files, "ifcfg-bond1": over_eth0}) == ["bond1"]
    assert network.bond("bond1").status().slave_names == ("eth0",)
    assert network.bond().status().slave_names == ("eth1",)


@behaviour("3.1.yast-no-bonding")
@needs(slaves=2, once=True)
def test_files_are_written_by_hand_and_only_read(network: Network) -> None:
    """Steps: check, start and stop a network whose files somebody has written, with remarks of their own.

    Verify: it works, and the files are as they were; none has come.
    """
    there = network.write({"ifcfg-bond0": f"# ours; do not let a tool write here\n{SYSCONFIG}  # end\n"})
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in there.iterdir()}
    network.bondctl("check", there)
    assert network.bondctl("apply", there).stdout == "bond0\n"
    assert network.bond().status().slave_names == ("eth0", "eth1")
    assert network.bondctl("unapply", there).stdout == "bond0\n"
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in there.iterdir()} == before
