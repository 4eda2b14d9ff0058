"""Which interface an SNMP agent associates a bond's address with (HOWTO section 10).

The HOWTO's ifenslave gave the slaves the bond's address, too. No driver of the lab does, so the cases do it
by hand. Indexes are counted among the interfaces of the sample, in their order: a host has others besides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from lab.cases import BondDriver, BondHandle, Testbed, behaviour, needs
from lab.hosts.base import Host
from testcases.modes import EVERY
from testcases.section_10_snmp.agent import IF_INDEX, IP_AD_ENT_IF_INDEX, agent

NICS = ("nic0", "nic1", "nic2", "nic3")
"""What the HOWTO calls eth0 to eth3; the host has NICs of those names."""
SHARED, THIRD, FOURTH = "192.168.1.1", "10.74.20.94", "10.10.10.10"
"""The addresses of the sample: of the bond and its slaves, of eth2, of eth3."""
LATE = ("lo", *NICS, "bond0")
EARLY = ("lo", "bond0", *NICS)


def make(
    bed: Testbed, driver: BondDriver, order: Sequence[str], mode: str, *, shared: bool = True
) -> BondHandle:
    """The interfaces in that order; nic0 and nic1 become slaves, `shared` with the bond's address on each."""
    host = bed.host("host")
    made: list[BondHandle] = []
    for name in order[1:]:
        if name == "bond0":
            made.append(driver.create(host, name, {"mode": mode, "miimon": "100"}))
        else:
            host.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-far"])
    (bond,) = made
    bond.set_up(True)
    add(host, SHARED, "bond0")
    for nic in NICS[:2]:
        bond.enslave(nic)
        if shared:
            add(host, SHARED, nic)
    add(host, THIRD, "nic2")
    add(host, FOURTH, "nic3")
    return bond


def add(host: Host, address: str, interface: str) -> None:
    """Give an interface an address."""
    host.run(["ip", "address", "add", f"{address}/24", "dev", interface])


def counted(descriptions: Mapping[int, str]) -> dict[int, int]:
    """The place of each interface of the sample, from 1, by ifIndex; others are not counted."""
    listed = [index for index, name in sorted(descriptions.items()) if name in LATE]
    return {index: place for place, index in enumerate(listed, 1)}


@behaviour(
    "10.snmp.late-bonding-maps-to-slave",
    "10.snmp.early-bonding-maps-to-bond",
    "10.snmp.first-interface-wins",
    "10.snmp.one-index-per-address",
)
@pytest.mark.parametrize("mode", EVERY)
@pytest.mark.parametrize(
    ("order", "found"),
    [
        pytest.param(LATE, {SHARED: 2, FOURTH: 5, THIRD: 4, "127.0.0.1": 1}, id="late"),
        pytest.param(EARLY, {SHARED: 2, FOURTH: 6, THIRD: 5, "127.0.0.1": 1}, id="early"),
    ],
)
@needs(once=True)
def test_the_tables_of_the_sample(
    order: Sequence[str], found: Mapping[str, int], mode: str, bed: Testbed, driver: BondDriver
) -> None:
    """Steps: make the sample's interfaces, the bond after its slaves' or before them; walk the tables.

    Verify: ifDescr lists them in that order, and ipAdEntIfIndex is as in the sample, with each address once:
    the bond's is that of a slave if the bond came late, and the bond's if it came early.
    """
    make(bed, driver, order, mode)
    with agent(bed) as snmp:
        descriptions = snmp.descriptions()
        listed = snmp.rows(IP_AD_ENT_IF_INDEX)
    assert len(listed) == len(found)
    addresses = {address: int(index) for address, index in listed}
    places = counted(descriptions)
    assert [descriptions[index] for index in places] == list(order)
    assert {address: places[index] for address, index in addresses.items()} == found
    assert descriptions[addresses[SHARED]] == ("nic0" if order is LATE else "bond0")


@behaviour("10.snmp.first-interface-wins", "10.snmp.one-index-per-address")
@pytest.mark.parametrize("order", [LATE, EARLY], ids=["late", "early"])
@needs(once=True)
def test_an_address_has_the_index_of_the_first_interface(
    order: Sequence[str], bed: Testbed, driver: BondDriver
) -> None:
    """Steps: the same interfaces, four addresses; without copies of the bond's address, then with them.

    Verify: each address is in the table once; the shared one has the lowest index of those that carry it, so
    without copies it is the bond's whatever the order.
    """
    bond = make(bed, driver, order, "active-backup", shared=False)
    with agent(bed) as snmp:
        listed = snmp.rows(IP_AD_ENT_IF_INDEX)
        assert sorted(address for address, _ in listed) == sorted([SHARED, THIRD, FOURTH, "127.0.0.1"])
        assert snmp.descriptions()[snmp.addresses()[SHARED]] == "bond0"
    for nic in reversed(NICS[:2]):  # the last one to get it is the first one in the table
        add(bond.host, SHARED, nic)
    carriers = [
        int(link["ifindex"])
        for link in json.loads(bond.host.run(["ip", "-j", "address", "show"]).stdout)
        if any(each["local"] == SHARED for each in link["addr_info"])
    ]
    assert len(carriers) == 3
    with agent(bed) as snmp:
        listed = snmp.rows(IP_AD_ENT_IF_INDEX)
    assert sorted(address for address, _ in listed) == sorted([SHARED, THIRD, FOURTH, "127.0.0.1"])
    assert int(dict(listed)[SHARED]) == min(carriers)


@behaviour("10.snmp.holds-without-names")
@pytest.mark.parametrize("mode", EVERY)
@needs(once=True)
def test_the_association_is_there_without_names(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: scan the interfaces and the addresses row by row, of an agent that names interfaces, and of one
    that calls each "device".

    Verify: the second one gives no name away, and has the same indexes and the same addresses with them.
    """
    make(bed, driver, LATE, mode)
    with agent(bed) as snmp:
        names = snmp.descriptions()
        with_names = snmp.rows(IF_INDEX), snmp.rows(IP_AD_ENT_IF_INDEX)
    assert set(LATE) <= set(names.values())
    with agent(bed, nameless=list(names)) as snmp:
        assert snmp.descriptions() == dict.fromkeys(names, "device")
        assert (snmp.rows(IF_INDEX), snmp.rows(IP_AD_ENT_IF_INDEX)) == with_names
    assert [int(index) for index, _ in with_names[0]] == list(names)
