"""A bond of Open vSwitch and the team driver in the place of the driver under test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import topologies
from lab.availability import unavailable
from lab.bonding import PEER_IP, Bonding
from lab.drivers.base import BondHandle
from lab.drivers.fleet import Fleet
from lab.errors import DriverLacks, DriverRefused
from lab.faults import CablePull
from lab.hosts.uml.guest import Guests
from lab.testbed import Testbed
from lab.topology import Bonding as Driver
from lab.under_test import OTHERS, as_tested
from lab.waiting import eventually

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def guests(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guests]:
    """Booted once."""
    made = Guests(tmp_path_factory.mktemp("guests"))
    yield made
    made.close()


@pytest.fixture(params=OTHERS)
def bed(request: pytest.FixtureRequest, run_dir: Path, guests: Guests) -> Iterator[Testbed]:
    """A host with that driver; its cables end on a peer with bondimpl."""
    driver: Driver = request.param
    topology = as_tested(topologies.build("host_to_host"), driver)
    if why := unavailable(topology):
        pytest.skip(why)
    with Testbed.build(topology, run_dir, guests) as made:
        yield made


@pytest.fixture
def bonded(bed: Testbed) -> Bonding:
    """Bonds on that bed."""
    return Bonding(bed, Fleet(bed))


def pings(bond: BondHandle, count: int = 4) -> str:
    """What ping(8) says of so many echoes."""
    return bond.host.run(["ping", f"-c{count}", "-i0.25", "-W1", PEER_IP], check=False).stdout


def test_a_failover_and_the_way_back(bed: Testbed, bonded: Bonding) -> None:
    bond = bonded("active-backup", miimon=100, primary="eth1")
    assert bonded.drivers.under_test.bonds == [bond]
    assert bond.status().slave_names == ("eth0", "eth1")
    eventually(lambda: bond.status().active == "eth1", within=5)
    with bonded.stream("out") as out, bonded.stream("in") as back:
        out.wait_flowing()
        back.wait_flowing()
        with CablePull(bed, bed.slave_cable(1)):
            eventually(lambda: bond.status().active == "eth0", within=5)
            assert bond.status().slave("eth1").mii_status == "down"
            out.wait_flowing()
            back.wait_flowing()
        eventually(lambda: bond.status().active == "eth1", within=5)
        out.wait_flowing()
        for report in (out.report(), back.report()):
            assert report.duplicates == 0
            assert report.received


def test_the_host_hears_each_frame_once(bonded: Bonding) -> None:
    bond = bonded("active-backup", miimon=100)
    assert "DUP" not in pings(bond)
    assert bond.mac() == bond.host.mac(bond.host.nics[0])


def test_lacp(bonded: Bonding) -> None:
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast", xmit_hash_policy="layer3+4")
    ad = bond.status().ad
    assert ad
    assert ad.lacp_rate == "fast"
    assert ad.aggregator
    assert ad.aggregator.ports == 2
    assert bonded.peer_bond
    assert ad.aggregator.partner_mac == bonded.peer_bond.mac()
    assert " 0% packet loss" in pings(bond)


def test_slaves_come_and_go(bonded: Bonding) -> None:
    bond = bonded("active-backup", miimon=100)
    bond.release("eth1")
    assert bond.status().slave_names == ("eth0",)
    bond.host.run(["ip", "link", "set", "dev", "eth1", "down"])
    bond.enslave("eth1")
    eventually(lambda: bond.status().slave("eth1").mii_status == "up", within=5)
    bond.set("active_slave", "eth1")
    eventually(lambda: bond.status().active == "eth1", within=5)
    bond.release("eth1")
    eventually(lambda: bond.status().active == "eth0", within=5)
    # Flows that are known may still be sent to where they went before.
    eventually(lambda: " 0% packet loss" in pings(bond, 1), within=5)
    assert " 0% packet loss" in pings(bond)
    with pytest.raises(DriverRefused, match="eth9"):
        bond.enslave("eth9")
    bond.release("eth0")
    assert bond.status().slave_names == ()
    for nic in ("eth0", "eth1"):  # the peer, which may have seen eth0 go, is not to stay on eth1
        bond.host.run(["ip", "link", "set", "dev", nic, "down"])
    bond.enslave("eth0")
    eventually(lambda: " 0% packet loss" in pings(bond, 1), within=5)
    assert bond.status().slave_names == ("eth0",)
    bond.delete()
    assert bond.host.run(["ip", "link", "show", "dev", "bond0"], check=False).returncode
    assert not bonded.drivers.under_test.bonds


def test_what_they_lack(bed: Testbed, bonded: Bonding) -> None:
    wanted: list[dict[str, str]] = [{"mode": "balance-alb"}, {"arp_interval": "100"}, {"miimon": "0"}]
    for options in wanted:
        with pytest.raises(DriverLacks):
            bonded.drivers.under_test.create(bed.host("host"), "bond0", {"mode": "active-backup", **options})
        assert not bonded.drivers.under_test.bonds
        assert bed.host("host").run(["ip", "link", "show", "dev", "bond0"], check=False).returncode
