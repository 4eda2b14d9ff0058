"""The kernel's own bonding driver, in a User-Mode Linux guest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from lab import frames
from lab.bonding import HOST_IP, PEER_IP, Bonding, wait_up
from lab.capture import Capture
from lab.drivers.base import BondDriver, BondHandle
from lab.drivers.fleet import Fleet
from lab.drivers.kernel import KernelBond, KernelDriver
from lab.errors import DriverRefused
from lab.hosts.base import Host
from lab.hosts.uml.host import UmlHost
from lab.testbed import Testbed
from lab.topology import Port
from lab.traffic import Flow, Stream
from lab.waiting import eventually

pytestmark = pytest.mark.root


@pytest.fixture
def kernel(guest: UmlHost) -> Iterator[KernelDriver]:
    """Bonds of its last as long as the test; they leave the NICs up, as they were."""
    driver = KernelDriver()
    yield driver
    for bond in tuple(driver.bonds):
        bond.delete()
    for nic in guest.nics:
        guest.interfaces.set_up(nic, True)


def new_bond(driver: KernelDriver, guest: UmlHost, nics: tuple[str, ...], **options: str) -> KernelBond:
    """bond0 of these NICs, up."""
    for nic in nics:
        guest.interfaces.set_up(nic, False)
    bond = driver.create(guest, "bond0", options)
    bond.set_up(True)
    for nic in nics:
        bond.enslave(nic)
    return bond


def lost(source: tuple[Host, str], target: tuple[Host, str]) -> int:
    """How many of a hundred frames, or a few more, did not arrive."""
    with Stream(source, target, Flow(target[0].mac(target[1]), HOST_IP, PEER_IP)) as stream:
        stream.wait_sent(100)
    report = stream.report()
    assert report.duplicates == 0
    return report.lost


def test_active_backup(guest_bed: Testbed, guest: UmlHost, kernel: KernelDriver) -> None:
    nics = ("eth1", "eth2")
    bond: BondHandle = new_bond(kernel, guest, nics, mode="active-backup", primary="eth2", miimon="50")
    driver: BondDriver = kernel
    assert driver.version == "Linux " + guest.run(["uname", "-r"]).stdout.strip()
    view = eventually(bond.status, within=5, until=lambda view: view.active == "eth2")
    assert (view.mode, view.primary, view.miimon_ms) == ("active-backup", "eth2", 50)
    assert view.slave_names == nics
    assert {slave.permanent_mac for slave in view.slaves} == {"02:00:00:00:00:06", "02:00:00:00:00:07"}
    guest_bed.slave_cable(2).pull()
    eventually(lambda: bond.status().active == "eth1", within=5)
    assert "bond0: (slave eth2): link status definitely down, disabling slave" in bond.log().splitlines()
    guest_bed.slave_cable(2).plug()
    eventually(lambda: bond.status().active == "eth2", within=5)
    bond.release("eth1")
    assert bond.status().slave_names == ("eth2",)
    bond.set("miimon", "200")
    assert bond.status().miimon_ms == 200


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("bond0", {"mode": "square"}, 'Invalid argument; Error: Invalid bonding mode "square"'),
        ("bond0", {"miimon": "50", "nonsense": "1"}, "no such option: nonsense"),
        ("bond7", {"mode": "square"}, "Invalid argument; bond7: option mode: invalid value (square)"),
        ("bond7", {"updelay": "200"}, "Operation not permitted; bond7: Unable to set up delay"),
    ],
)
def test_a_bond_that_is_refused(
    guest: UmlHost, kernel: KernelDriver, name: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(DriverRefused, match=f"host2: add {name} ") as caught:
        kernel.create(guest, name, options)
    assert caught.value.text.startswith(words)
    assert guest.run(["cat", "/sys/class/net/bonding_masters"], check=False).stdout.strip() == ""
    assert not kernel.bonds


def test_the_first_bond_comes_with_the_module(guest: UmlHost, kernel: KernelDriver) -> None:
    """As parameters, delays without a monitor are a warning; later they are refused."""
    bond = kernel.create(guest, "bond0", {"mode": "1", "updelay": "200"})
    assert "Warning: miimon module parameter not set and updelay (200)" in bond.log()
    assert bond.options()["updelay"] == "0"
    with pytest.raises(DriverRefused, match="Operation not permitted"):
        bond.set("updelay", "200")
    other = kernel.create(guest, "bond1", {"mode": "802.3ad"})
    assert (bond.options()["mode"], other.options()["mode"]) == ("active-backup", "802.3ad")


def test_a_request_that_is_refused_changes_nothing(guest: UmlHost, kernel: KernelDriver) -> None:
    bond = new_bond(kernel, guest, ("eth1",), mode="active-backup", miimon="50")
    wait_up(bond)
    before = bond.proc_text()
    with pytest.raises(DriverRefused, match="set bond0 miimon x: Invalid argument; bond0: option miimon"):
        bond.set("miimon", "x")
    with pytest.raises(DriverRefused, match="enslave bond0 eth9: No such device; "):
        bond.enslave("eth9")
    with pytest.raises(DriverRefused, match=r"enslave bond0 eth2: .*; .*eth2.*while up"):
        bond.enslave("eth2")
    with pytest.raises(DriverRefused, match="release bond0 eth2: "):
        bond.release("eth2")
    assert bond.proc_text() == before
    with pytest.raises(DriverRefused, match="add bond0: File exists"):
        kernel.create(guest, "bond0", {})
    assert bond.proc_text() == before


def test_miimon_wins_over_arp_interval(guest: UmlHost, kernel: KernelDriver) -> None:
    targets = "10.0.0.1,10.0.0.9"
    bond = kernel.create(guest, "bond0", {"miimon": "50", "arp_interval": "100", "arp_ip_target": targets})
    directory = "/sys/class/net/bond0/bonding"
    said = guest.run(["sh", "-c", f"cd {directory}; cat miimon arp_interval arp_ip_target"])
    assert said.stdout.splitlines() == ["50", "0", "10.0.0.1 10.0.0.9"]
    bond.set("arp_ip_target", "-10.0.0.1")
    assert guest.run(["cat", f"{directory}/arp_ip_target"]).stdout.strip() == "10.0.0.9"


def test_the_log_begins_with_the_bond(guest: UmlHost, kernel: KernelDriver) -> None:
    old = kernel.create(guest, "bond0", {})
    with pytest.raises(DriverRefused):
        old.set("miimon", "x")
    assert "miimon" in old.log()
    old.delete()
    assert kernel.create(guest, "bond0", {}).log() == ""


def test_streams_over_a_bond(guest_bed: Testbed, guest: UmlHost, kernel: KernelDriver) -> None:
    """Also over one that takes the name of another."""
    options = {"mode": "active-backup", "miimon": "50"}
    near, far = (guest_bed.host("host"), "eth2"), (guest, "bond0")
    bond = new_bond(kernel, guest, ("eth2",), **options)
    wait_up(bond)
    assert lost(near, far) == 0
    bond.delete()
    wait_up(new_bond(kernel, guest, ("eth2",), **options))
    assert lost(near, far) == lost(far, near) == 0
    guest_bed.slave_cable(2).pull()
    assert lost(near, far) >= 100
    guest_bed.slave_cable(2).plug()
    with pytest.raises(OSError, match="No such device"):
        guest.packet_socket("bond9")


def test_lacpdus(guest_bed: Testbed, guest: UmlHost, kernel: KernelDriver, guest_capture: Capture) -> None:
    since_s = guest_capture.mark()
    bond = new_bond(kernel, guest, ("eth2", "eth3"), mode="802.3ad", lacp_rate="fast")
    for nic in ("eth2", "eth3"):
        heard = partial(guest_capture.frames, Port("host1", nic), False, since_s, frames.is_lacpdu)
        eventually(heard, within=10, until=lambda found: len(found) >= 2, what=f"two LACPDUs on {nic}")
    view = bond.status()
    assert view.ad is not None
    assert [slave.aggregator_id for slave in view.slaves] == [1, 2], "nobody answers"


def test_bondimpl_and_the_kernels_driver(guest_bed: Testbed, guest: UmlHost) -> None:
    drivers = Fleet(guest_bed)
    bonding = Bonding(guest_bed, drivers)
    nics = ("eth1", "eth2", "eth3")
    bonding("active-backup", slaves=nics, miimon=50)
    try:
        assert isinstance(bonding.peer_bond, KernelBond)
        assert bonding.peer_bond.status().slave_names == nics
        for direction in ("out", "in"):
            with bonding.stream(direction) as stream:
                stream.wait_sent(50)
            assert stream.report().lost == 0, direction
        assert guest.run(["ping", "-c", "1", "-W", "5", HOST_IP]).returncode == 0
    finally:
        for bond in drivers.bonds:
            bond.delete()
        for role in ("host", "peer"):
            for nic in guest.nics:
                guest_bed.host(role).interfaces.set_up(nic, True)
