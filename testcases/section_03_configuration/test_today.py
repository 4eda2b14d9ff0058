"""The same bond in the dialects of today, which came after the HOWTO."""

from __future__ import annotations

import pytest

from lab.cases import needs
from testcases.section_03_configuration.network import Network

IFUPDOWN = """auto bond0
iface bond0 inet static
    address 10.0.0.1
    netmask 255.255.255.0
    bond-slaves eth0 eth1
    bond-mode active-backup
    bond-miimon 100
    bond-primary eth1
"""
NETDEV = "[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n"
NETPLAN = """network:
  version: 2
  ethernets:
    eth0: {}
    eth1: {}
  bonds:
    bond0:
      interfaces: [eth0, eth1]
      addresses: [10.0.0.1/24]
      parameters:
        mode: active-backup
        mii-monitor-interval: 100
        primary: eth1
"""
FILES = {
    "ifupdown": {"interfaces": IFUPDOWN},
    "netplan": {"bonds.yaml": NETPLAN},
    "networkd": {
        "bond0.netdev": NETDEV,
        "bond0.network": "[Match]\nName=bond0\n\n[Network]\nAddress=10.0.0.1/24\n",
        "eth0.network": "[Match]\nName=eth0\n\n[Network]\nBond=bond0\n",
        "eth1.network": "[Match]\nName=eth1\n\n[Network]\nBond=bond0\nPrimarySlave=true\n",
    },
}


@pytest.mark.parametrize("dialect", list(FILES))
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_bond_that_is_described(network: Network, dialect: str) -> None:
    """Steps: start the files; export the running bond in the same dialect, delete it, start the export.

    Verify: the bond has its options, slaves and address, and reaches the peer; the second one is the same.
    """
    assert network.start(FILES[dialect]) == ["bond0"]
    status = network.bond().status()
    assert (status.mode, status.miimon_ms, status.primary) == ("active-backup", 100, "eth1")
    assert status.slave_names == ("eth0", "eth1")
    assert network.ipv4() == [("10.0.0.1", 24, "10.0.0.255")]
    network.reaches("10.0.0.2", 24)
    options = network.bond().options()
    exported = network.write({})
    network.bondctl("export", "--as", dialect, "--to", exported)
    network.bondctl("del", "--force", "bond0")
    assert network.bondctl("apply", exported).stdout.split() == ["bond0"]
    assert network.bond().options() == options
    assert network.bond().status().slave_names == ("eth0", "eth1")
