"""bondctl and ifenslave."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path

import pytest

from bondimpl import HOWTO_REVISION
from bondimpl.options import BondOptions, table
from bondimpl.proc import HOWTO_VERSION
from tests.runtime.lab import Daemon, Lab, eventually, exists, ip, link, run, state


def _ok(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.root
def test_a_bonds_life(lab: Lab, bondd: Daemon) -> None:
    _ok(bondd.bondctl("add", "bond0", "mode=active-backup", "miimon=100"))
    _ok(bondd.bondctl("up", "bond0"))
    _ok(bondd.bondctl("enslave", "bond0", "eth0", "eth1"))
    assert _ok(bondd.bondctl("list")) == "bond0\n"
    assert "eth0: link up active" in _ok(bondd.bondctl("status", "bond0"))
    _ok(bondd.bondctl("set", "bond0", "active_slave=eth1", "updelay=200"))
    _ok(bondd.bondctl("set", "bond0", "prio=5", "--slave", "eth1"))
    shown = json.loads(_ok(bondd.bondctl("show", "bond0", "--json")))
    assert (shown["active"], shown["options"]["updelay"]) == ("eth1", "200")
    assert [slave["prio"] for slave in shown["slaves"]] == [0, 5]
    assert "updelay 200" in _ok(bondd.bondctl("show", "bond0"))
    proc = _ok(bondd.bondctl("status", "bond0", "--proc"))
    assert proc.startswith(f"Ethernet Channel Bonding Driver: v{HOWTO_VERSION}\n")
    assert "Currently Active Slave: eth1\n" in proc
    assert "eth1" in _ok(bondd.bondctl("log", "bond0"))
    assert "updelay = 200" in _ok(bondd.bondctl("options", "bond0"))
    _ok(bondd.bondctl("release", "bond0", "eth0", "eth1"))
    refused = bondd.bondctl("del", "bond0")
    assert (refused.returncode, refused.stderr) == (
        1,
        "bondctl: bond0 is up, and so in use; take it down first\n",
    )
    assert exists("bond0")
    _ok(bondd.bondctl("down", "bond0"))
    assert "bond0: active-backup, down, no carrier" in _ok(bondd.bondctl("status", "bond0"))
    _ok(bondd.bondctl("del", "bond0"))
    assert not exists("bond0")


@pytest.mark.root
def test_monitor_prints_as_it_happens(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", up=False)
    command = [
        sys.executable,
        "-m",
        "bondimpl.cli.bondctl",
        "--socket",
        str(bondd.socket),
        "monitor",
        "bond0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as monitor:
        output = monitor.stdout
        assert output is not None
        # Its subscription cannot be seen from outside: change something until it shows.
        periods = iter(range(100, 10_000))

        def changed() -> bool:
            bondd.control.call("set", bond="bond0", option="miimon", value=str(next(periods)))
            return bool(select.select([output], [], [], 0)[0])

        eventually(changed)
        assert "bond0: option miimon=" in output.readline()
        monitor.terminate()


@pytest.mark.root
def test_era_six(lab: Lab) -> None:
    bondd = lab.bondd("--era", "6.x")
    bondd.add("bond0", up=False, mode="active-backup")
    mac = bondd.show()["mac"]
    assert mac == link("bond0")["address"] != "00:00:00:00:00:00"
    bondd.control.call("enslave", bond="bond0", slave="eth0")
    proc = _ok(bondd.bondctl("status", "bond0", "--proc"))
    assert "Peer Notification Delay (ms): 0" in proc


@pytest.mark.root
def test_empty_bond_of_the_howto_has_no_address(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0")
    assert bondd.show()["mac"] == "00:00:00:00:00:00"
    bondd.control.call("enslave", bond="bond0", slave="eth0")
    assert bondd.show()["mac"] == link("eth0")["address"] == link("bond0")["address"]
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert bondd.show()["mac"] == "00:00:00:00:00:00"


@pytest.mark.root
def test_ifenslave_attaches_changes_and_detaches(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", mode="active-backup", miimon="100")
    before = state("eth0"), state("eth1")
    ip("link", "set", "dev", "eth0", "up")
    ip("address", "add", "192.0.2.1/24", "dev", "eth0")
    said = _ok(bondd.tool("ifenslave", "-v", "bond0", "eth0", "eth1"))
    assert "eth0: was up, brought down" in said
    assert "eth1: was up" not in said
    assert "192.0.2.1" not in ip("address", "show", "dev", "eth0")
    assert bondd.show()["active"] == "eth0"
    _ok(bondd.tool("ifenslave", "-c", "bond0", "eth1"))
    assert bondd.show()["active"] == "eth1"
    assert "slaves: eth0 eth1*" in _ok(bondd.tool("ifenslave", "-a"))
    assert "slaves: eth0 eth1*" in _ok(bondd.tool("ifenslave", "bond0"))
    _ok(bondd.tool("ifenslave", "-d", "bond0", "eth0", "eth1"))
    assert (state("eth0"), state("eth1")) == before


@pytest.mark.root
def test_ifenslave_takes_options_anywhere(lab: Lab, bondd: Daemon) -> None:
    """Steps: the bond and slaves before, between and after options, as getopt takes them, -f among them."""
    bondd.add("bond0", mode="active-backup", miimon="100")
    assert "enslaving eth0 eth1" in _ok(bondd.tool("ifenslave", "bond0", "-f", "eth0", "eth1", "-v"))
    assert bondd.show()["active"] == "eth0"
    assert _ok(bondd.tool("ifenslave", "bond0", "eth1", "--change-active")) == ""
    assert bondd.show()["active"] == "eth1"
    assert _ok(bondd.tool("ifenslave", "bond0", "-v", "-d", "eth0", "eth1")) == "bond0: detaching eth0 eth1\n"
    assert bondd.show()["slaves"] == []


@pytest.mark.root
def test_ifenslave_undoes_what_it_did_when_refused(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", up=False, mode="active-backup")
    ip("link", "set", "dev", "eth0", "up")
    ip("address", "add", "192.0.2.1/24", "dev", "eth0")
    before = state("eth0")
    done = bondd.tool("ifenslave", "bond0", "eth0")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("ifenslave: bond0 is down")
    assert state("eth0") == before
    assert "192.0.2.1" in ip("address", "show", "dev", "eth0")


@pytest.mark.root
@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("bond0", "eth7"), 1, "no such interface"),
        (("bond7", "eth1"), 1, "no such bond"),
        (("bond0", "eth0"), 1, "already"),
        (("-f", "bond0", "lo"), 1, "not an Ethernet interface"),
        (("-c", "-d", "bond0", "eth0"), 2, "not allowed with"),
        (("bond0", "eth1", "nosuch"), 1, "no such interface"),
        (("bond0", "eth1", "eth0"), 1, "already"),
        (("bond0", "eth1", "bond0"), 1, "is a bond"),
        (("eth1", "bond0"), 1, "the bond comes first: ifenslave bond0 eth1"),
        (("-d", "eth0", "bond0"), 1, "the bond comes first"),
        (("-d", "bond0", "eth1"), 1, "not a slave"),
        (("-d", "bond0", "eth0", "nosuch"), 1, "not a slave"),
        (("-c", "bond0", "eth1"), 1, "not a slave"),
        ((), 2, "which bond"),
        (("-d", "bond0"), 2, "which slaves"),
        (("-c", "bond0", "eth0", "eth1"), 2, "one slave"),
        (("-a", "bond0"), 2, "stands alone"),
    ],
)
def test_ifenslave_refuses(
    lab: Lab, bondd: Daemon, arguments: tuple[str, ...], status: int, says: str
) -> None:
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    before = state("eth0"), state("eth1")
    done = bondd.tool("ifenslave", *arguments)
    assert done.returncode == status
    assert says in done.stderr.splitlines()[-1]
    assert (state("eth0"), state("eth1")) == before


@pytest.mark.root
def test_ifenslave_tells_of_itself(lab: Lab, bondd: Daemon) -> None:
    tool, driver = _ok(bondd.tool("ifenslave", "-V")).splitlines()
    assert tool.removeprefix("ifenslave: ") == driver.removeprefix("bondd: ")
    assert HOWTO_REVISION in tool
    for option in ("-u", "-h"):
        assert "ifenslave [-fv] BOND IF..." in _ok(bondd.tool("ifenslave", option))
    bondd.stop()
    assert "no bondd answers" in _ok(bondd.tool("ifenslave", "--version")).splitlines()[1]


@pytest.mark.root
def test_ifconfig_shows_masters_and_slaves(lab: Lab, bondd: Daemon) -> None:
    """Steps: two bonds of one slave each. Verify: their flags; nothing tells which slave is whose."""
    bondd.add("bond0", "eth0", mode="active-backup")
    bondd.add("bond1", "eth1", mode="active-backup")
    ip("address", "add", "192.0.2.1/22", "broadcast", "192.0.3.255", "dev", "bond0")
    blocks = _ok(bondd.bondctl("ifconfig")).split("\n\n")
    shown = {block.split()[0]: block for block in blocks}
    for name, flag, other in (
        *((bond, "MASTER", "SLAVE") for bond in ("bond0", "bond1")),
        *((nic, "SLAVE", "MASTER") for nic in ("eth0", "eth1")),
    ):
        assert f" {flag} MULTICAST  MTU:1500" in shown[name]
        assert other not in shown[name]
        assert set(shown) & set(shown[name].split()) == {name}
        assert _ok(bondd.bondctl("ifconfig", name)).split()[:2] == [name, "Link"]
    assert "inet addr:192.0.2.1  Bcast:192.0.3.255  Mask:255.255.252.0\n" in shown["bond0"]
    assert "inet addr" not in shown["eth0"]
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert "SLAVE" not in _ok(bondd.bondctl("ifconfig", "eth0"))
    assert "no such interface" in bondd.bondctl("ifconfig", "nosuch").stderr


@pytest.mark.root
def test_ifenslave_leaves_the_slave_of_another_bond_alone(lab: Lab, bondd: Daemon) -> None:
    """Steps: the active slave of bond0 is asked for by bond1. Verify: refused; no flap, no failover."""
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="100")
    bondd.add("bond1", mode="active-backup", miimon="100")
    before = _flaps("eth0")
    done = bondd.tool("ifenslave", "bond1", "eth0")
    assert (done.returncode, done.stderr) == (1, "ifenslave: eth0 belongs to bond0 already\n")
    assert _flaps("eth0") == before
    assert (bondd.show()["active"], bondd.show()["slaves"][0]["failures"]) == ("eth0", 0)


@pytest.mark.root
def test_ifenslave_leaves_routes_alone_when_refused(lab: Lab, bondd: Daemon) -> None:
    """Steps: a bridge's port, and an interface asked for together with one that is not there."""
    bondd.add("bond0", mode="active-backup", miimon="100")
    ip("link", "set", "dev", "eth0", "up")
    ip("address", "add", "192.0.2.1/24", "dev", "eth0")
    ip("route", "add", "198.51.100.0/24", "via", "192.0.2.9")
    ip("link", "add", "dev", "hostbr", "type", "bridge")
    try:
        ip("link", "set", "dev", "eth1", "master", "hostbr", "up")
        before = _flaps("eth0", "eth1")
        assert "nosuch" in bondd.tool("ifenslave", "bond0", "eth0", "nosuch").stderr
        assert "hostbr" in bondd.tool("ifenslave", "bond0", "eth0", "eth1").stderr
        assert _flaps("eth0", "eth1") == before
        assert "198.51.100.0/24" in ip("route")
    finally:
        ip("link", "del", "dev", "hostbr")


def _flaps(*nics: str) -> list[int]:
    """How often each of these interfaces has lost its carrier, as one does that is taken down."""
    return [int(Path(f"/sys/class/net/{nic}/carrier_down_count").read_text()) for nic in nics]


@pytest.mark.root
def test_fault_shim(lab: Lab) -> None:
    """Steps: drivers lie about carrier, then about MII and ethtool. Verify: the bond believes it."""
    bondd = lab.bondd("--fault-shim")
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="20")
    _ok(bondd.bondctl("probe", "bond0", "eth0", "carrier=down"))
    eventually(lambda: bondd.show()["active"] == "eth1")
    _ok(bondd.bondctl("probe", "bond0", "eth0", "carrier=real"))
    eventually(lambda: bondd.show()["slaves"][0]["link"] == "up")
    bondd.control.call("set", bond="bond0", option="use_carrier", value="0")
    _ok(bondd.bondctl("probe", "bond0", "eth1", "mii=down"))
    eventually(lambda: bondd.show()["active"] == "eth0")
    _ok(bondd.bondctl("probe", "bond0", "eth1", "mii=fail", "ethtool=fail"))
    eventually(lambda: bondd.show()["slaves"][1]["link"] == "up")
    asked = json.loads(_ok(bondd.bondctl("probe", "bond0", "eth1")))["asked"]
    assert min(asked["mii"], asked["ethtool"], asked["carrier"], asked["speed"]) >= 1
    refused = bondd.bondctl("probe", "bond0", "eth1", "carrier=fail")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)


def test_options_are_helped_with_from_the_table() -> None:
    shown = run(sys.executable, "-m", "bondimpl.cli.bondctl", "options").stdout
    for row in table(BondOptions).values():
        assert f"\n  {row.name}\n" in shown
    assert "balance-rr (0)" in shown
