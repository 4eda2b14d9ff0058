"""What cannot be done is refused: one clear line, exit status not 0, nothing changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from tests.runtime.lab import Daemon, Lab, ip, link, run, state

pytestmark = pytest.mark.root


@pytest.fixture
def bond(lab: Lab, bondd: Daemon) -> Daemon:
    """bond0 with eth0; eth1 is free."""
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    return bondd


def _picture(bondd: Daemon) -> object:
    shown = {name: bondd.show(name) for name in bondd.control.call("list")}
    for each in shown.values():
        del each["counters"]
    return shown, state("eth0"), state("eth1"), ip("-o", "link")


REFUSED = {
    "unknown option": (("add", "bond1", "speling=1"), "speling"),
    "bad value": (("add", "bond1", "mode=round-robin"), "balance-rr"),
    "bad number": (("set", "bond0", "miimon=often"), "'often'"),
    "option without value": (("add", "bond1", "mode"), "option=value"),
    "option given twice": (("add", "bond1", "mode=1", "mode=0"), "twice"),
    "option of another mode": (("set", "bond0", "lacp_rate=fast"), "lacp_rate"),
    "mode of a bond with slaves": (("set", "bond0", "mode=0"), "mode"),
    "bond that exists": (("add", "bond0"), "already"),
    "name of another interface": (("add", "eth1"), "exists already"),
    "impossible name": (("add", "bond/0"), "'bond/0'"),
    "name with a pattern": (("add", "bond%d"), "'bond%d'"),
    "name that is too long": (("add", "a-bond-of-16-chrs"), "15"),
    "missing bond": (("show", "bond7"), "no such bond"),
    "missing interface": (("enslave", "bond0", "eth7"), "no such interface"),
    "interface name that is too long": (("enslave", "bond0", "eth-of-16-letters"), "no such interface"),
    "enslaved twice": (("enslave", "bond0", "eth0"), "already"),
    "second of two options": (("set", "bond0", "updelay=200", "downdelay=abc"), "downdelay"),
    "second of two options that act on each other": (
        ("set", "bond0", "miimon=0", "updelay=200"),
        "it needs miimon",
    ),
    "option beside the active slave": (("set", "bond0", "active_slave=eth0", "updelay=abc"), "updelay"),
    "active slave beside an option": (("set", "bond0", "updelay=200", "active_slave=eth1"), "not a slave"),
    "second of two slave options": (
        ("set", "bond0", "prio=5", "queue_id=often", "--slave", "eth0"),
        "queue_id",
    ),
    "slave option that is not possible, beside another": (
        ("set", "bond0", "prio=5", "queue_id=17", "--slave", "eth0"),
        "queue_id",
    ),
    "second of two interfaces": (("enslave", "bond0", "eth1", "nosuch"), "nosuch"),
    "interface that is given twice": (("enslave", "bond0", "eth1", "eth1"), "eth1: given twice"),
    "second of two releases": (("release", "bond0", "eth0", "eth1"), "not a slave"),
    "release that is given twice": (("release", "bond0", "eth0", "eth0"), "eth0: given twice"),
    "loopback": (("enslave", "bond0", "lo"), "not an Ethernet interface"),
    "bond itself": (("enslave", "bond0", "bond0"), "is a bond"),
    "release of a stranger": (("release", "bond0", "eth1"), "not a slave"),
    "active slave that is none": (("set", "bond0", "active_slave=eth1"), "not a slave"),
    "fault shim that is not there": (("probe", "bond0", "eth0"), "--fault-shim"),
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(bond: Daemon, arguments: Sequence[str], says: str) -> None:
    before = _picture(bond)
    done = bond.bondctl(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("bondctl: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert _picture(bond) == before


def test_enslaving_a_bond(bond: Daemon) -> None:
    bond.add("bond1", up=False)
    before = _picture(bond)
    done = bond.bondctl("enslave", "bond0", "bond1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "bond1 is a bond itself" in done.stderr
    assert _picture(bond) == before


def test_enslaving_another_bonds_slave(bond: Daemon) -> None:
    bond.add("bond1")
    before = _picture(bond)
    done = bond.bondctl("enslave", "bond1", "eth0")
    assert (done.returncode, done.stderr) == (1, "bondctl: eth0 belongs to bond0 already\n")
    assert _picture(bond) == before


def test_enslaving_a_bridge_port(lab: Lab, bond: Daemon) -> None:
    ip("link", "add", "dev", "hostbr", "type", "bridge")
    try:
        ip("link", "set", "dev", "eth1", "master", "hostbr")
        done = bond.bondctl("enslave", "bond0", "eth1")
        assert (done.returncode, done.stderr) == (1, "bondctl: eth1 belongs to hostbr already\n")
    finally:
        ip("link", "del", "dev", "hostbr")


def test_enslaving_an_interface_that_is_up(bond: Daemon) -> None:
    ip("link", "set", "dev", "eth1", "up")
    before = _picture(bond)
    done = bond.bondctl("enslave", "bond0", "eth1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "eth1 is up; bring it down first" in done.stderr
    assert _picture(bond) == before


def test_later_failure_undoes_the_slaves_before(lab: Lab, bond: Daemon) -> None:
    """Steps: another daemon holds the second interface. Verify: the first is given back, up as it was."""
    bond.control.call("release", bond="bond0", slave="eth0")
    ip("link", "set", "dev", "eth0", "up")
    ip("address", "add", "192.0.2.1/24", "dev", "eth0")
    run("tc", "qdisc", "add", "dev", "eth1", "clsact")
    foreign = ("handle", "0xb0d", "bpf", "bytecode", "1,6 0 0 2", "direct-action")
    run("tc", "filter", "add", "dev", "eth1", "ingress", "pref", "1", "protocol", "all", *foreign)
    ip("link", "set", "dev", "eth1", "up")
    before = state("eth0"), state("eth1")
    done = bond.tool("ifenslave", "bond0", "eth0", "eth1")
    assert (done.returncode, done.stderr) == (1, "ifenslave: eth1: another bondd holds this interface\n")
    assert (state("eth0"), state("eth1")) == before
    assert bond.show()["slaves"] == []
    assert "192.0.2.1" in ip("address", "show", "dev", "eth0")


def test_later_failure_keeps_the_address_that_was_set_by_hand(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0")
    ip("link", "set", "dev", "bond0", "address", "00:11:22:33:44:55")
    run("tc", "qdisc", "add", "dev", "eth1", "clsact")
    foreign = ("handle", "0xb0d", "bpf", "bytecode", "1,6 0 0 2", "direct-action")
    run("tc", "filter", "add", "dev", "eth1", "ingress", "pref", "1", "protocol", "all", *foreign)
    before = bondd.show()["mac"]
    assert bondd.bondctl("enslave", "bond0", "eth0", "eth1").returncode == 1
    assert before == bondd.show()["mac"] == link("bond0")["address"] == "00:11:22:33:44:55"
    assert bondd.bondctl("enslave", "bond0", "eth0").returncode == 0
    assert link("eth0")["address"] == "00:11:22:33:44:55"


def test_monitor_of_a_bond_that_is_not_there(bond: Daemon) -> None:
    refused = bond.bondctl("monitor", "nosuch")
    assert (refused.returncode, refused.stderr) == (1, "bondctl: nosuch: there is no such bond\n")


def test_no_daemon(lab: Lab) -> None:
    done = run(sys.executable, "-m", "bondimpl.cli.bondctl", "--socket", "/nowhere", "list", check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no bondd answers at /nowhere" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("frobnicate",), ("enslave", "bond0"), ("list", "bond0")])
def test_usage(bond: Daemon, arguments: Sequence[str]) -> None:
    done = bond.bondctl(*arguments)
    assert done.returncode == 2
    assert "usage: bondctl" in done.stderr


def _start_in(lab: Lab, *prefix: str) -> str:
    """What bondd says when it cannot start."""
    command = (sys.executable, "-m", "bondimpl.cli.bondd", "--socket", str(lab.directory / "other.sock"))
    done = run(*prefix, *command, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert list(lab.directory.glob("other*")) == []
    return done.stderr


def test_no_permission(lab: Lab) -> None:
    said = _start_in(lab, "setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    assert said == "bondd: no permission: CAP_NET_ADMIN is missing; run as root\n"


def test_no_permission_leaves_no_directory(lab: Lab) -> None:
    socket = lab.directory / "made" / "bondd.sock"
    command = (sys.executable, "-m", "bondimpl.cli.bondd", "--socket", str(socket))
    done = run("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *command, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not socket.parent.exists()


def test_no_tun_device(lab: Lab) -> None:
    said = _start_in(lab, "unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh")
    assert said.startswith("bondd: /dev/net/tun cannot be opened")


def test_socket_that_cannot_be_made(lab: Lab) -> None:
    blocked = lab.directory / "file"
    blocked.write_text("")
    command = (sys.executable, "-m", "bondimpl.cli.bondd", "--socket", str(blocked / "bondd.sock"))
    done = run(*command, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert str(blocked) in done.stderr


def test_unknown_era(lab: Lab) -> None:
    done = run(sys.executable, "-m", "bondimpl.cli.bondd", "--era", "7.x", check=False)
    assert done.returncode == 2
