"""The control utility that comes with the driver (HOWTO section 1.2)."""

from __future__ import annotations

import shutil

import pytest

from lab.cases import BondDriver, Bonding, StreamMaker, Testbed, behaviour, needs
from lab.drivers.userspace import UserspaceDriver
from lab.errors import DriverLacks
from lab.hosts.base import Completed
from testcases.wire import Wire


class Tool:
    """ifenslave under some name, run on the host under test."""

    def __init__(self, bed: Testbed, driver: BondDriver) -> None:
        if not isinstance(driver, UserspaceDriver):
            raise DriverLacks("ifenslave, which talks to bondd")
        self._host = bed.host("host")
        self._socket = driver.daemon(self._host).socket

    def __call__(self, *words: str, name: str = "ifenslave") -> Completed:
        return self._host.run(["env", f"BONDD_SOCKET={self._socket}", name, *words], check=False)


@pytest.fixture
def tool(bed: Testbed, driver: BondDriver) -> Tool:
    """Of the release that the driver is of."""
    return Tool(bed, driver)


@behaviour(
    "1.install.distro-bundled",
    "1.1.source-location",
    "1.2.ifenslave.shipped-in-tree",
    "1.2.ifenslave.match-version",
    "1.2.ifenslave.build-command",
)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_tool_and_driver_belong_together(
    tool: Tool, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: by its name alone, have ifenslave tell versions, detach the active slave, attach it
    again, and make it the active one, under traffic after each.

    Verify: both versions are the revision of the HOWTO; every command succeeds, and frames leave by the slave
    that it left active.
    """
    bond = bonded("active-backup", miimon=100)
    told = dict(line.split(": ", 1) for line in tool("-V").stdout.splitlines())
    assert told["ifenslave"] == told["bondd"]
    assert told["bondd"].startswith("HOWTO 2.6.12 ")
    for words, slaves, active in (
        (("-d", "bond0", "eth0"), ("eth1",), "eth1"),
        (("bond0", "eth0"), ("eth1", "eth0"), "eth1"),
        (("-c", "bond0", "eth0"), ("eth1", "eth0"), "eth0"),
    ):
        done = tool(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert (bond.status().slave_names, bond.status().active) == (slaves, active)
        with stream("out") as out:
            wire.mark()
            out.run(0.2)
        assert set(wire.shares()) == {active}


@behaviour("1.2.ifenslave.versioned-name")
@needs(slaves=2, once=True)
def test_the_tool_may_have_its_version_in_its_name(tool: Tool, bed: Testbed, driver: BondDriver) -> None:
    """Steps: the same commands, good and bad, by ifenslave and by a copy of it named ifenslave-2.6.10.

    Verify: status, output and slaves of the bond are the same after each.
    """
    installed = bed.host("host").run(["sh", "-c", "command -v ifenslave"]).stdout.strip()
    copy = bed.run_dir / "ifenslave-2.6.10"
    shutil.copy(installed, copy)
    for nic in ("eth0", "eth1"):
        bed.host("host").run(["ip", "link", "set", "dev", nic, "down"])
    bond = driver.create(bed.host("host"), "bond0", {"mode": "active-backup", "miimon": "100"})
    bond.set_up(True)
    told: list[list[tuple[int, str, str, tuple[str, ...]]]] = []
    for name in ("ifenslave", str(copy)):
        told.append([])
        for line in (
            "-v bond0 eth0 eth1",
            "-c bond0 eth1",
            "-c bond0 lo",
            "-d bond0 eth0 eth1",
            "-d bond0",
            "-h",
        ):
            done = tool(*line.split(), name=name)
            told[-1].append((done.returncode, done.stdout, done.stderr, bond.status().slave_names))
    assert told[0] == told[1]
    assert [each[0] for each in told[0]] == [0, 0, 1, 0, 2, 0]
    assert told[0][0][3] == ("eth0", "eth1")
