"""The files of slaves in a sysconfig network (HOWTO section 3.1)."""

from __future__ import annotations

from lab.cases import behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import SLAVE_FILE, SYSCONFIG


@behaviour("3.1.slave.created-as-dhcp")
@needs(slaves=2, once=True)
def test_a_slave_file_that_still_asks_for_dhcp_is_reported(network: Network) -> None:
    """Steps: start the sample's bond, whose slaves are named by their addresses, with the second slave's file
    as it is made for DHCP; then with BOOTPROTO=none in it.

    Verify: the place is reported, and no bond made; then both NICs are slaves.
    """
    macs = [network.host.mac(nic) for nic in ("eth0", "eth1")]
    bond = SYSCONFIG
    for number, mac in enumerate(macs):
        bond = bond.replace(f'"eth{number}"', f'"eth-id-{mac}"')
    fresh = SLAVE_FILE.replace("BOOTPROTO='none'", "BOOTPROTO='dhcp'").replace("'off'", "'onboot'")
    files = {f"ifcfg-id-{macs[0]}": SLAVE_FILE, f"ifcfg-id-{macs[1]}": fresh, "ifcfg-bond0": bond}
    said = network.refusal(files)
    assert f"ifcfg-id-{macs[1]}:1: BOOTPROTO: a slave has no address of its own; write none" in said
    assert f"ifcfg-id-{macs[0]}" not in said
    assert [network.is_up(nic) for nic in ("eth0", "eth1")] == [False, False]
    assert network.start({**files, f"ifcfg-id-{macs[1]}": SLAVE_FILE}) == ["bond0"]
    assert network.bond().status().slave_names == ("eth0", "eth1")
