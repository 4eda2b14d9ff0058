"""A shell script of the usual commands of sysfs, unchanged, in a host of the lab; where the files may lie."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import topologies
from lab import sandbox
from lab.bondfs.hosts import show_bonds
from lab.errors import LabError
from lab.hosts.base import Host, Process
from lab.testbed import Testbed
from lab.waiting import eventually

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
SESSION = ROOT / "tests/data/bondfs/session.sh"


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two hosts; on one of them a bondd."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/bondfs")
    if not Path("/dev/fuse").exists():
        pytest.skip("needs /dev/fuse")
    with Testbed.build(topologies.build("host_to_host"), tmp_path_factory.mktemp("bed")) as bed:
        yield bed


@pytest.fixture
def host(bed: Testbed) -> Host:
    """The one with the bondd."""
    return bed.host("host")


@pytest.fixture(scope="module")
def socket(bed: Testbed, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of that bondd, era 6.x."""
    socket = tmp_path_factory.mktemp("bondd") / "bondd.sock"
    bed.host("host").start(["bondd", "--socket", str(socket), "--era", "6.x"])
    eventually(socket.exists, within=10)
    return str(socket)


@pytest.fixture
def shown(host: Host, socket: str, tmp_path: Path) -> Iterator[Process]:
    """The bondfs of that host."""
    process = show_bonds(host, socket, tmp_path / "bonds")
    yield process
    process.stop()


def test_the_usual_commands(host: Host, shown: Process) -> None:
    """Verify: what they print, and that every refusal is heard."""
    done = host.run(["sh", str(SESSION), "eth0", "eth1"])
    assert done.stdout.splitlines() == [
        *("bond0", "eth0 eth1", "active-backup 1", "eth0"),
        *("eth1", "backup", "active", "bond0"),
        *("Primary Slave: eth0 (primary_reselect always)", "Currently Active Slave: eth0"),
        *("Slave Interface: eth0", "Slave queue ID: 0", "Slave Interface: eth1", "Slave queue ID: 0"),
        *("one address", "mode 1 is active-backup", "192.0.2.1", "0"),
        *("not with slaves", "no such policy", "38", "permissions", "no slave any more", "10", "gone", "1"),
    ]


def test_everything_else_is_the_kernels(host: Host, shown: Process) -> None:
    """Verify: files of /proc, of /proc/net and of interfaces are there, for each process its own."""
    script = """
        cat /proc/net/dev | grep -c eth; cat /proc/self/comm; ls /proc/net/ | grep -c '^arp$'
        cat /sys/class/net/eth0/mtu /sys/class/net/lo/ifindex; ls -d /sys/class/net/eth?/queues | wc -l
        ip -br link show lo | cut -d' ' -f1
        unshare --net sh -c 'wc -l </proc/net/dev'
    """
    printed = host.run(["sh", "-c", script]).stdout.split()
    assert printed == ["4", "cat", "1", "1500", "1", "4", "lo", "3"]


def test_only_this_host_has_it_and_only_until_it_ends(bed: Testbed, host: Host, shown: Process) -> None:
    masters = ["test", "-e", "/sys/class/net/bonding_masters"]
    assert host.run(masters).returncode == 0
    assert bed.host("peer").run(masters, check=False).returncode == 1
    assert os.readlink("/proc/net") == "self/net"
    assert shown.stop() == 0
    assert host.run(masters, check=False).returncode == 1
    assert host.run(["readlink", "/proc/net"]).stdout == "self/net\n"
    assert "bondfs" not in host.read("/proc/self/mountinfo")


def test_a_second_one_is_refused(host: Host, shown: Process, socket: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="mounted there already"):
        show_bonds(host, socket, tmp_path / "second")
    assert host.read("/sys/class/net/bonding_masters") == ""


def test_after_kill_9_it_starts_again(host: Host, shown: Process, socket: str, tmp_path: Path) -> None:
    os.kill(shown.pid, signal.SIGKILL)
    eventually(lambda: shown.poll() is not None, within=10)
    assert host.run(["ls", "/sys/class/net"], check=False).returncode != 0
    again = show_bonds(host, socket, tmp_path / "bonds")
    assert host.read("/sys/class/net/bonding_masters") == ""
    assert again.stop() == 0
    assert host.run(["readlink", "/proc/net"]).stdout == "self/net\n"


def test_mounts_are_not_passed_on(host: Host, socket: str, tmp_path: Path) -> None:
    """Steps: bondfs in a mount namespace that shares its mounts. Verify: the others see nothing of it."""
    within = """
        bondfs "$1" --socket "$2" --here 2>"$1.log" &
        until grep -q . "$1.log"; do sleep 0.05; done
        cat "$1.log" /sys/class/net/bonding_masters
        nsenter --mount="/proc/$PPID/ns/mnt" grep -c bondfs /proc/self/mountinfo
        kill $!
        wait $!
    """
    script = (
        f"mount --make-rshared /; unshare --mount --propagation unchanged sh -c '{within}' sh \"$@\" || :"
    )
    done = host.run(["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path), socket])
    assert done.stdout == f"bondfs: mounted at {tmp_path}\n0\n"


def test_the_machines_own_mount_namespace_is_refused(bed: Testbed, socket: str, tmp_path: Path) -> None:
    """The one of process 1, which is the sandbox's here."""
    enter = ["nsenter", "--mount=/proc/1/ns/mnt", sys.executable, "-m", "lab.bondfs.main", str(tmp_path)]
    done = bed.host("host").run([*enter, "--here"], check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("bondfs: this mount namespace is the machine's")
