"""The sample configurations of the HOWTO, as it prints them."""

SYSCONFIG = {
    "ifcfg-bond0": """BOOTPROTO="static"
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
""",
    "ifcfg-id-00:00:5e:00:53:01": """BOOTPROTO='none'
STARTMODE='off'
UNIQUE='XNzu.WeZGOGF+4wE'
_nm_name='bus-pci-0001:61:01.0'
""",
}
INITSCRIPTS = {
    "ifcfg-eth0": """DEVICE=eth0
USERCTL=no
ONBOOT=yes
MASTER=bond0
SLAVE=yes
BOOTPROTO=none
""",
    "ifcfg-eth1": """DEVICE=eth1
USERCTL=no
ONBOOT=yes
MASTER=bond0
SLAVE=yes
BOOTPROTO=none
""",
    "ifcfg-bond0": """DEVICE=bond0
IPADDR=192.168.1.1
NETMASK=255.255.255.0
NETWORK=192.168.1.0
BROADCAST=192.168.1.255
ONBOOT=yes
BOOTPROTO=none
USERCTL=no
""",
    "modules.conf": """alias bond0 bonding
options bond0 mode=balance-alb miimon=100
""",
}
MANUAL = {
    "boot.local": """modprobe bonding -obond0 mode=balance-alb miimon=100
modprobe e100
ifconfig bond0 192.168.1.1 netmask 255.255.255.0 up
ifenslave bond0 eth0
ifenslave bond0 eth1
"""
}
TWO_BONDS = {
    "modprobe.conf": """alias bond0 bonding
options bond0 -o bond0 mode=balance-rr miimon=100

alias bond1 bonding
options bond1 -o bond1 mode=balance-alb miimon=50
"""
}
