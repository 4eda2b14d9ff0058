"""bondfs as a program: beginning, end, readers of many kinds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bondfs.mounted import Bondfs, is_mounted
from tests.runtime.lab import Daemon, Lab, eventually, run

pytestmark = pytest.mark.root


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_nothing_stays(bondfs: Bondfs, how: int) -> None:
    assert bondfs.said() == f"bondfs: mounted at {bondfs.root}\n"
    assert is_mounted(bondfs.root)
    assert bondfs.stop(how) == 0
    assert not is_mounted(bondfs.root)
    assert list(bondfs.root.iterdir()) == []


BEFORE_IT_MOUNTS = """
import os, signal, sys
import lab.bondfs.mount as mount
from lab.bondfs.main import main
fuse = mount.FUSE
def told_to_end_first(*arguments, **options):
    os.kill(os.getpid(), signal.SIGTERM)
    return fuse(*arguments, **options)
mount.FUSE = told_to_end_first
sys.exit(main(sys.argv[1:]))
"""


def test_a_signal_before_it_has_mounted_waits_until_all_can_be_undone(bondd: Daemon, tmp_path: Path) -> None:
    (tmp_path / "bonds").mkdir()
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-c", BEFORE_IT_MOUNTS, str(tmp_path / "bonds"), "--socket", str(bondd.socket)]
    there = f"TMPDIR={tmp_path}/temporary"
    done = run("env", there, "unshare", "--mount", *command, "--here", check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not is_mounted(tmp_path / "bonds")


def test_unmounting_ends_it(bondfs: Bondfs) -> None:
    run("fusermount3", "-u", str(bondfs.root))
    assert bondfs.ended() == 0


def test_after_kill_9_it_starts_again(lab: Lab, bondd: Daemon, bondfs: Bondfs) -> None:
    bondfs.stop(signal.SIGKILL)
    with pytest.raises(OSError, match="not connected"):
        os.listdir(bondfs.root)
    again = Bondfs(bondfs.root, str(bondd.socket))
    assert (again.net / "bonding_masters").read_text() == ""
    assert again.stop() == 0


def test_the_bonds_of_another_network_namespace_are_refused(bondd: Daemon, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lab.bondfs.main", str(tmp_path), "--socket", str(bondd.socket)]
    done = run("unshare", "--net", *command, check=False)
    told = f"the bonds of {bondd.socket} are in another network namespace: start bondfs there"
    assert (done.returncode, done.stderr) == (1, f"bondfs: {told}\n")
    assert not is_mounted(tmp_path)


def test_without_bondd_there_is_what_the_kernel_has(bondd: Daemon, bondfs: Bondfs) -> None:
    """Also: a bondd that comes later is found."""
    bondd.add("bond0")
    assert bondfs.bonding("mode").read_text() == "balance-rr 0\n"
    assert bondd.stop() == 0
    assert sorted(os.listdir(bondfs.net)) == sorted(os.listdir("/sys/class/net"))
    assert not (bondfs.net / "bonding_masters").exists()
    assert not (bondfs.root / "proc/net/bonding").exists()
    assert (bondfs.net / "eth0/mtu").read_text() == "1500\n"
    later = Daemon(bondd.socket)
    try:
        (bondfs.net / "bonding_masters").write_text("+bond7\n")
        assert later.show("bond7")["mode"] == "balance-rr"
    finally:
        later.stop()


def test_era_howto(lab: Lab) -> None:
    """The files are those of today's driver; what bondd refuses is of its era: slaves want the bond up."""
    bondd = lab.bondd()
    (lab.directory / "bonds").mkdir()
    bondfs = Bondfs(lab.directory / "bonds", str(bondd.socket))
    try:
        bondd.add("bond0", up=False, mode="active-backup", miimon="100")
        with pytest.raises(PermissionError):
            bondfs.bonding("slaves").write_text("+eth0\n")
        run("ip", "link", "set", "bond0", "up")
        bondfs.bonding("slaves").write_text("+eth0\n")
        assert bondfs.bonding("active_slave").read_text() == "eth0\n"
        assert (bondfs.root / "proc/net/bonding/bond0").read_text() == bondd.control.call(
            "proc", bond="bond0"
        )
    finally:
        assert bondfs.stop() == 0


def test_others_than_root(bondd: Daemon, bondfs: Bondfs, tmp_path: Path) -> None:
    """They read, but not what the driver keeps for root, and write nothing."""
    bondd.add("bond0", "eth0", mode="802.3ad")
    script = """
        cd bonding
        cat mode ad_num_ports ad_actor_system ad_partner_mac ad_actor_key
        echo 1 >miimon || echo refused
        grep -c 'system mac' $1
    """
    for each in (tmp_path, *tmp_path.parents):
        if not each.stat().st_mode & 0o001:
            each.chmod(each.stat().st_mode | 0o011)
    as_other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", script, "sh"]
    proc = f"{bondfs.root}/proc/net/bonding/bond0"

    def done() -> list[str]:
        return subprocess.run(
            [*as_other, proc], cwd=bondfs.net / "bond0", stdout=subprocess.PIPE, text=True, check=False
        ).stdout.splitlines()

    eventually(lambda: bondfs.bonding("ad_actor_key").read_text() not in ("", "0\n"))
    assert done() == ["802.3ad 4", "1", "refused", "0"]
    assert bondfs.bonding("ad_actor_system").read_text() == "00:00:00:00:00:00\n"
    assert "system mac" in Path(proc).read_text()


def test_a_text_read_in_pieces_is_one(bondd: Daemon, bondfs: Bondfs) -> None:
    """Verify: a bond that changes meanwhile does not tear it; from the beginning it is read anew."""
    bondd.add("bond0")
    fd = os.open(bondfs.bonding("xmit_hash_policy"), os.O_RDONLY)
    try:
        begin = os.read(fd, 4)
        bondd.control.call("set", bond="bond0", option="xmit_hash_policy", value="vlan+srcmac")
        assert begin + os.read(fd, 100) == b"layer2 0\n"
        os.lseek(fd, 0, os.SEEK_SET)
        assert os.read(fd, 100) == b"vlan+srcmac 5\n"
    finally:
        os.close(fd)


def test_nothing_can_be_made_or_removed(bondd: Daemon, bondfs: Bondfs) -> None:
    bondd.add("bond0")
    for change in (
        lambda: (bondfs.net / "x").mkdir(),
        lambda: (bondfs.net / "bond0/bonding").rmdir(),
        lambda: bondfs.bonding("mode").unlink(),
        lambda: bondfs.bonding("mode").rename(bondfs.bonding("x")),
        lambda: bondfs.bonding("x").symlink_to("mode"),
    ):
        with pytest.raises(PermissionError):
            change()
    assert bondfs.bonding("mode").exists()


def test_a_mount_point_that_is_none(bondd: Daemon, tmp_path: Path) -> None:
    for place in (tmp_path / "nosuch", tmp_path / "file"):
        (tmp_path / "file").touch()
        done = run(sys.executable, "-m", "lab.bondfs.main", str(place), check=False)
        assert done.returncode == 1
        assert f"bondfs: cannot mount at {place}: it is not a directory\n" in done.stderr
