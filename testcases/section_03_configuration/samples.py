"""The sample configurations of the HOWTO's section 3, as it prints them."""

from __future__ import annotations

SLAVE_FILE = "BOOTPROTO='none'\nSTARTMODE='off'\nUNIQUE='XNzu.WeZGOGF+4wE'\n_nm_name='bus-pci-0001:61:01.0'\n"
SYSCONFIG = """BOOTPROTO="static"
BROADCAST="10.0.2.255"
IPADDR="10.0.2.10"
NETMASK="255.255.0.0"
NETWORK="10.0.2.0"
REMOTE_IPADDR=""
STARTMODE="onboot"
BONDING_MASTER="yes"
BONDING_MODULE_OPTS="mode=active-backup miimon=100"
BONDING_SLAVE0="eth0"
BONDING_SLAVE1="eth1"
"""
INITSCRIPTS_BOND = """DEVICE=bond0
IPADDR=192.168.1.1
NETMASK=255.255.255.0
NETWORK=192.168.1.0
BROADCAST=192.168.1.255
ONBOOT=yes
BOOTPROTO=none
USERCTL=no
"""
MODULES_CONF = "alias bond0 bonding\noptions bond0 mode=balance-alb miimon=100\n"
MANUAL = """modprobe bonding -obond0 mode=balance-alb miimon=100
modprobe e100
ifconfig bond0 192.168.1.1 netmask 255.255.255.0 up
ifenslave bond0 eth0
ifenslave bond0 eth1
"""
TWO_INSTANCES = """alias bond0 bonding
options bond0 -o bond0 mode=balance-rr miimon=100

alias bond1 bonding
options bond1 -o bond1 mode=balance-alb miimon=50
"""


def initscripts_slave(nic: str, master: str = "bond0") -> str:
    """The HOWTO's ifcfg-ethN."""
    return f"DEVICE={nic}\nUSERCTL=no\nONBOOT=yes\nMASTER={master}\nSLAVE=yes\nBOOTPROTO=none\n"
