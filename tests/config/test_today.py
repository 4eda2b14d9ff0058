"""ifupdown, networkd and netplan as they are written today, and what is refused in them."""

from __future__ import annotations

import pytest

from bondimpl.config import dialects
from bondimpl.config.faults import ConfigError, Files
from bondimpl.config.model import BondEntry, Member

LACP = (("mode", "802.3ad"), ("miimon", "100"), ("lacp_rate", "fast"))
BOTH = (Member("eth0"), Member("eth1"))
SAMPLES: list[Files] = [
    {
        "interfaces": """source /etc/network/interfaces.d/*
auto lo
iface lo inet loopback

auto eth5
iface eth5 inet dhcp
    up ip route add default via 10.0.0.254

auto bond0
iface bond0 inet manual
    bond_slaves none
    bond-mode 4
    bond-miimon 100
    bond-lacp-rate 1
iface eth0 inet manual
    bond-master bond0
iface eth1 inet manual
    bond-master bond0
"""
    },
    {
        "20-eth.network": "[Match]\nName=eth0 eth1\n\n[Network]\nBond=bond0\n",
        "10-bond.netdev": "[NetDev]\nName=bond0\nKind=bond\n# fast\n[Bond]\nMode=802.3ad\n"
        "LACPTransmitRate=fast\nMIIMonitorSec=100ms\n",
        "30-rest.network": "[Match]\nName=en*\n\n[Network]\nDHCP=yes\n",
    },
    {
        "01-all.yaml": """network:
    version: 2
    renderer: networkd
    ethernets:
        eth5:
            dhcp4: true
        others:
            match: {}
    bonds:
        bond0:
            dhcp4: no
            interfaces:
            - eth0   # the first
            - "eth1"
            parameters:
                mode: 802.3ad
                lacp-rate: fast
                mii-monitor-interval: 100ms
"""
    },
]


@pytest.mark.parametrize("files", SAMPLES, ids=["ifupdown", "networkd", "netplan"])
def test_a_bond_among_other_devices(files: Files) -> None:
    assert dialects.read(files).bonds == (BondEntry("bond0", LACP, BOTH),)


NETDEV = "[NetDev]\nName=bond0\nKind=bond\n"
FAULTS: list[tuple[Files, str]] = [
    (
        {"interfaces": "iface bond0 inet static\n  address 10.0.0.1/24\n  bond-mode 1\n  gateway 10.0.0.9\n"},
        "interfaces:4: gateway: not a key that is understood for a bond",
    ),
    (
        {"interfaces": "iface bond0 inet dhcp\n  bond-mode 1\n"},
        "interfaces:1: iface: dhcp: only static and manual are possible here",
    ),
    (
        {"a.netdev": NETDEV, "b.network": "[Match]\nName=en*\n[Network]\nBond=bond0\n"},
        "b.network:4: Bond: of which NICs? [Match] may have no wildcards for slaves",
    ),
    (
        {"a.netdev": f"{NETDEV}[Bond]\nMIIMonitorSec=soon\n"},
        "a.netdev:5: MIIMonitorSec: 'soon': write a time such as 100ms or 1s",
    ),
    (
        {"a.yaml": "network:\n  bonds:\n    bond0:\n      parameters:\n\t mode: 1\n"},
        "a.yaml:5: line: a tab; YAML is indented by spaces",
    ),
    (
        {"a.yaml": "network:\n  bonds:\n    bond0: &anchor\n      mtu: 1400\n"},
        "a.yaml:3: bond0: '&anchor': not a value that is understood here; quotes may help",
    ),
    (
        {
            "a.yaml": "network:\n  ethernets:\n    nics:\n      match:\n        name: en*\n"
            "  bonds:\n    bond0:\n"
            "      interfaces: [nics]\n"
        },
        "a.yaml:8: interfaces: nics: `match` of a slave must have macaddress",
    ),
    (
        {"ifcfg-bond0": "BONDING_OPTS=mode=1\nGATEWAY=10.0.0.9\n"},
        "ifcfg-bond0:2: GATEWAY: routes are not set here; leave it out",
    ),
]


@pytest.mark.parametrize(("files", "said"), FAULTS, ids=[said.split(": ")[1] for _, said in FAULTS])
def test_what_cannot_be_is_said_with_its_place(files: Files, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dialects.read(files)
    assert said in str(caught.value).splitlines()
