"""The sample configurations of the HOWTO, each as the files of one machine."""

from __future__ import annotations

from testcases.section_03_configuration import samples as printed

SYSCONFIG = {"ifcfg-bond0": printed.SYSCONFIG, "ifcfg-id-00:00:5e:00:53:01": printed.SLAVE_FILE}
INITSCRIPTS = {
    "ifcfg-eth0": printed.initscripts_slave("eth0"),
    "ifcfg-eth1": printed.initscripts_slave("eth1"),
    "ifcfg-bond0": printed.INITSCRIPTS_BOND,
    "modules.conf": printed.MODULES_CONF,
}
MANUAL = {"boot.local": printed.MANUAL}
TWO_BONDS = {"modprobe.conf": printed.TWO_INSTANCES}
