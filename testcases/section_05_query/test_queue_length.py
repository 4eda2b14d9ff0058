"""The transmit queues of a bond and its slaves, as ifconfig and ip(8) show them (HOWTO section 5.2)."""

from __future__ import annotations

import json

import pytest

from lab.cases import BondDriver, Bonding, Testbed, behaviour, differs, needs
from lab.drivers.userspace import UserspaceDriver
from lab.hosts.base import Host

LENGTHS = {"eth0": 100, "eth1": 77}


def set_lengths(host: Host) -> None:
    """Give the NICs queues of their own lengths, in frames."""
    for nic, length in LENGTHS.items():
        host.run(["ip", "link", "set", "dev", nic, "txqueuelen", str(length)])


def lengths(host: Host, *names: str) -> dict[str, int]:
    """The queue length of each interface, in frames."""
    return {
        name: json.loads(host.run(["ip", "-j", "link", "show", "dev", name]).stdout)[0].get("txqlen", 0)
        for name in names
    }


@behaviour("5.2.sample.queue-length")
@needs(slaves=2, once=True)
def test_a_bond_has_no_queue_of_its_own(bed: Testbed, driver: BondDriver, bonded: Bonding) -> None:
    """Steps: enslave NICs of different queue lengths. Verify: the bond's is 0, theirs are as they were."""
    if isinstance(driver, UserspaceDriver):
        pytest.skip("the device of a bond of bondimpl is a TAP, which hands frames over by its queue")
    set_lengths(bed.host("host"))
    bond = bonded("balance-rr", miimon=100)
    assert lengths(bond.host, *LENGTHS, bond.name) == {**LENGTHS, bond.name: 0}


@differs("5.2.sample.queue-length")
@needs(slaves=2, once=True)
def test_a_bond_has_the_usual_queue_length(bed: Testbed, bonded: Bonding) -> None:
    """Steps: enslave NICs of different queue lengths. Verify: the bond's is 1000, theirs are as they were."""
    set_lengths(bed.host("host"))
    bond = bonded("balance-rr", miimon=100)
    assert lengths(bond.host, *LENGTHS, bond.name) == {**LENGTHS, bond.name: 1000}
