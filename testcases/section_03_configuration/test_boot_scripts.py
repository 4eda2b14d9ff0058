"""Where the commands of a manual configuration stand, and how they are undone (HOWTO section 3.3)."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, behaviour, needs
from lab.drivers.userspace import UserspaceDriver
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import MANUAL

OPTIONS = "options bonding mode=balance-alb miimon=100\n"
UNLOADED = MANUAL.replace(" mode=balance-alb miimon=100", "")


@behaviour("3.3.boot-script-location")
@pytest.mark.parametrize("place", ["etc/init.d/boot.local", "etc/rc.d/rc.local"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_the_start_script_makes_the_bond_at_each_boot(network: Network, place: str) -> None:
    """Steps: a root with the HOWTO's commands in the start script of either distribution, its options in
    modprobe.conf, and commands for bond7 where no start script is; boot, stop everything, boot again.

    Verify: each time there is bond0, and nothing else, with the options and slaves, and the peer answers. The
    commands that are exported of the bond give the same one from the same place.
    """
    stray = MANUAL.replace("bond0", "bond7")
    files = {place: UNLOADED, "etc/modprobe.conf": OPTIONS, "etc/boot.local": stray, "boot/rc.local": stray}
    root = network.write(files)
    views = []
    for _ in range(2):
        assert network.bondctl("apply", root).stdout.split() == network.bonds() == ["bond0"]
        status = network.bond().status()
        views.append((status.mode, status.miimon_ms, status.slave_names, dict(network.bond().options())))
        exported = network.bondctl("export", "--as", "manual").stdout
        assert network.bondctl("unapply", root).stdout.split() == ["bond0"]
    assert network.start({place: exported}) == ["bond0"]
    status = network.bond().status()
    views.append((status.mode, status.miimon_ms, status.slave_names, dict(network.bond().options())))
    assert views == [views[0]] * 3
    assert views[0][:3] == ("balance-alb", 100, ("eth0", "eth1"))
    network.host.run(["ip", "addr", "add", "192.168.1.1/24", "dev", "bond0"])
    network.reaches("192.168.1.2", 24)


@behaviour("3.3.separate-script")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_bonding_may_have_a_script_of_its_own(network: Network, driver: BondDriver) -> None:
    """Steps: a shell runs a start script that calls a bonding script and leaves a mark; the bond is deleted;
    the shell runs the bonding script alone.

    Verify: both times the bond is up with its slaves, and the peer answers; there is one mark.
    """
    bonding = """bondctl add bond0 mode=balance-alb miimon=100
ip link set dev bond0 up
ip addr add 192.168.1.1/24 dev bond0
ifenslave bond0 eth0 eth1
"""
    files = {"bonding.sh": bonding, "boot.local": ". ./bonding.sh\necho booted >>marks\n"}
    place = network.write(files)
    assert isinstance(driver, UserspaceDriver)
    socket = driver.daemon(network.host).socket
    for script in ("boot.local", "bonding.sh"):
        run_in = ["env", "-C", str(place), f"BONDD_SOCKET={socket}", "sh", "-e", f"./{script}"]
        network.host.run(run_in)
        assert network.is_up("bond0")
        assert network.bond().status().slave_names == ("eth0", "eth1")
        assert (place / "marks").read_text() == "booted\n"
        if script == "boot.local":
            network.bondctl("del", "--force", "bond0")
    network.reaches("192.168.1.2", 24)


@behaviour("3.3.shutdown-sequence")
@needs(slaves=2, once=True)
def test_the_bond_is_taken_down_and_removed(network: Network) -> None:
    """Steps: with the bond of the sample running, take it down, remove it, and then take down its NICs, whose
    drivers belong to the lab and stay.

    Verify: each step succeeds; no bond and no status is left, and the NICs have their own addresses.
    """
    macs = {nic: network.host.mac(nic) for nic in ("eth0", "eth1")}
    script = network.write({"boot.local": MANUAL})
    network.bondctl("apply", script)
    network.host.run(["ip", "link", "set", "dev", "bond0", "down"])
    assert not network.is_up("bond0")
    assert network.bond().status().slave_names == ("eth0", "eth1")
    assert network.bondctl("unapply", script).stdout.split() == ["bond0"]
    assert network.bonds() == []
    assert network.bondctl("status", "bond0", "--proc", check=False).returncode == 1
    for nic in macs:
        network.host.run(["ip", "link", "set", "dev", nic, "down"])
    assert {nic: network.host.mac(nic) for nic in macs} == macs
    assert not {"master"} & {key for nic in macs for key in network.links()[nic]}
