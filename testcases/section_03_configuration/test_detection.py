"""Which of the HOWTO's ways a system is configured in (HOWTO section 3)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lab.cases import behaviour, needs
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import (
    INITSCRIPTS_BOND,
    MANUAL,
    MODULES_CONF,
    SYSCONFIG,
    initscripts_slave,
)

RPM = """#!/bin/sh
# Answers as `rpm --root ROOT -qf /sbin/ifup` does.
[ "$1 $3 $4" = "--root -qf /sbin/ifup" ] && cat "$2/owner"
"""
KNOWS_BONDS = 'for slave in $SLAVES; do /sbin/ifenslave "$1" "$slave"; done\n'
KNOWS_NONE = 'ifconfig "$1" up\n'
FILES = {
    "sysconfig": {"etc/sysconfig/network/ifcfg-bond0": SYSCONFIG},
    "initscripts": {
        "etc/modules.conf": MODULES_CONF,
        "etc/sysconfig/network-scripts/ifcfg-bond0": INITSCRIPTS_BOND,
        "etc/sysconfig/network-scripts/ifcfg-eth0": initscripts_slave("eth0"),
        "etc/sysconfig/network-scripts/ifcfg-eth1": initscripts_slave("eth1"),
    },
    "manual": {"etc/init.d/boot.local": MANUAL},
}
"""What each way has of the same bond; it is all there in each of the systems."""


@behaviour("3.detect.package", "3.detect.bonding-support", "3.scripts.old-versions", "3.distros.named")
@pytest.mark.parametrize(
    ("owner", "ifup", "dialect"),
    [
        pytest.param("sysconfig-0.31.0-15.29", KNOWS_BONDS, "sysconfig", id="sles9"),
        pytest.param("sysconfig-0.23.14-60", KNOWS_NONE, "manual", id="sles8"),
        pytest.param("initscripts-7.14-1", KNOWS_BONDS, "initscripts", id="redhat9"),
        pytest.param("initscripts-7.31.9.EL-1", KNOWS_BONDS, "initscripts", id="rhel3"),
        pytest.param("initscripts-5.00-1", KNOWS_NONE, "manual", id="older"),
    ],
)
@needs(slaves=2, once=True)
def test_the_scripts_of_a_system_tell_how_to_configure_it(
    network: Network, record_property: Callable[[str, object], None], owner: str, ifup: str, dialect: str
) -> None:
    """Steps: detect the dialect of a system whose ifup is of that package and knows ifenslave, or does not;
    start its network by that dialect. The system has files of every dialect.

    Verify: the package tells sysconfig from initscripts; without ifenslave it is the manual way. The bond
    that those files describe is made, with its slaves. The dialect is in the report of the run.
    """
    files = {name: text for each in FILES.values() for name, text in each.items()}
    root = network.write({**files, "sbin/ifup": ifup, "owner": f"{owner}\n", "rpm": RPM})
    (root / "rpm").chmod(0o755)
    found = json.loads(network.bondctl("detect", "--json", "--query", root / "rpm", root).stdout)
    record_property("dialect", found["dialect"])
    assert found == {"package": owner, "bonding": ifup == KNOWS_BONDS, "dialect": dialect}
    assert network.bondctl("apply", root, "--dialect", found["dialect"]).stdout.split() == ["bond0"]
    status = network.bond().status()
    assert status.mode == ("active-backup" if dialect == "sysconfig" else "balance-alb")
    assert status.slave_names == ("eth0", "eth1")


@behaviour("3.detect.package")
@needs(once=True)
def test_scripts_of_neither_package_are_told(network: Network) -> None:
    """Steps: detect where another package owns ifup. Verify: an error that names it."""
    root = network.write({"sbin/ifup": KNOWS_BONDS, "owner": "ifupdown2-3.0\n", "rpm": RPM})
    (root / "rpm").chmod(0o755)
    done = network.bondctl("detect", "--query", root / "rpm", root, check=False)
    assert done.returncode == 1
    assert "ifupdown2-3.0 owns" in done.stderr
