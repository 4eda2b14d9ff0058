"""What happens to the device of the bond, or to a slave, is followed."""

from __future__ import annotations

import pytest

from tests.runtime.lab import Daemon, Lab, eventually, ip, link, run, state
from tests.runtime.reach import PEER, received

pytestmark = pytest.mark.root


def test_mtu_9000_reaches_the_slaves_and_the_wire(lab: Lab, bond: Daemon) -> None:
    for port in ("port0", "port1", "br0"):
        lab.peer("ip", "link", "set", "dev", port, "mtu", "9000")
    ip("link", "set", "dev", "bond0", "mtu", "9000")
    eventually(lambda: [link(nic)["mtu"] for nic in lab.nics] == [9000, 9000])
    assert received(run("ping", "-c", "2", "-i", "0.25", "-s", "8900", "-M", "do", PEER).stdout) == (2, 0)


def test_mtu_that_a_slave_refuses_is_taken_back(lab: Lab, bondd: Daemon) -> None:
    """Steps: the second slave is a macvlan, which cannot have more than its lower device; ask for more."""
    ip("link", "set", "dev", "eth1", "up")
    ip("link", "add", "link", "eth1", "name", "short0", "type", "macvlan")
    bondd.add("bond0", "eth0", "short0", mode="active-backup", miimon="100")
    ip("link", "set", "dev", "bond0", "mtu", "9000")
    eventually(lambda: "short0: cannot set MTU 9000" in bondd.errors())
    assert [link(name)["mtu"] for name in ("bond0", "eth0", "short0")] == [1500] * 3
    assert bondd.show()["mtu"] == 1500


def test_address_given_to_the_bond_reaches_the_slaves(lab: Lab, bond: Daemon) -> None:
    ip("link", "set", "dev", "bond0", "address", "02:00:00:00:00:77")
    eventually(lambda: [link(nic)["address"] for nic in lab.nics] == ["02:00:00:00:00:77"] * 2)
    assert bond.show()["mac"] == "02:00:00:00:00:77"
    bond.control.call("release", bond="bond0", slave="eth0")
    assert link("eth0")["address"] != "02:00:00:00:00:77"


def test_bond_device_has_the_carrier_of_its_slaves(lab: Lab, bond: Daemon) -> None:
    eventually(lambda: "LOWER_UP" in link("bond0")["flags"])
    for port in ("port0", "port1"):
        lab.peer("ip", "link", "set", "dev", port, "down")
    eventually(lambda: "NO-CARRIER" in link("bond0")["flags"])
    lab.peer("ip", "link", "set", "dev", "port1", "up")
    eventually(lambda: "LOWER_UP" in link("bond0")["flags"])


def test_device_set_down_closes_the_bond(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", up=False, mode="active-backup", miimon="100")
    assert not bondd.show()["admin_up"]
    ip("link", "set", "dev", "bond0", "up")
    # No wait: a command acts on the device as it is.
    bondd.control.call("enslave", bond="bond0", slave="eth0")
    ip("link", "set", "dev", "bond0", "down")
    assert not bondd.show()["admin_up"]


def test_deleted_bond_device_gives_back_its_slaves(lab: Lab, bondd: Daemon) -> None:
    before = state("eth0")
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    ip("link", "del", "dev", "bond0")
    eventually(lambda: bondd.control.call("list") == [])
    assert state("eth0") == before
    assert bondd.errors().splitlines()[1:] == [
        "bondd: bond0: the bond device was deleted; its slaves are given back"
    ]
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")


def test_vanished_slave_leaves_the_bond(lab: Lab, bond: Daemon) -> None:
    ip("link", "del", "dev", "eth0")
    eventually(lambda: [slave["name"] for slave in bond.show()["slaves"]] == ["eth1"])
    assert received(run("ping", "-c", "3", "-i", "0.25", PEER).stdout) == (3, 0)
    (journal,) = lab.directory.glob("*.journal")
    assert "eth0" not in journal.read_text()


def test_renamed_slave_goes_on_under_its_old_name(lab: Lab, bond: Daemon) -> None:
    before = "00:00:5e:00:53:01"
    bond.control.call("release", bond="bond0", slave="eth1")
    ip("link", "set", "dev", "eth1", "address", before)
    bond.control.call("enslave", bond="bond0", slave="eth1")
    ip("link", "set", "dev", "eth1", "down")
    ip("link", "set", "dev", "eth1", "name", "lan1")
    try:
        ip("link", "set", "dev", "lan1", "up")
        eventually(lambda: bond.show()["slaves"][1]["link"] == "up")
        bond.control.call("release", bond="bond0", slave="eth1")
        given_back = state("lan1")
        assert (given_back["mac"], given_back["up"], given_back["tc"]) == (before, False, [])
    finally:
        ip("link", "del", "dev", "lan1")
