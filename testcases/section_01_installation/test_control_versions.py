"""Control utilities older and newer than the driver (HOWTO section 1.2)."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from lab.cases import BondDriver, Bonding, StreamMaker, Testbed, behaviour, needs
from lab.drivers.userspace import UserspaceDriver
from lab.errors import DriverLacks
from testcases.slaves import link_goes
from testcases.wire import Wire

SAY = """
import socket, sys
with socket.socket(socket.AF_UNIX) as bondd:
    bondd.connect(sys.argv[1])
    answers = bondd.makefile()
    for line in sys.stdin:
        bondd.sendall(line.encode())
        print(answers.readline(), end="")
"""
"""A client of another release, on the host under test: a line of its input is a request."""


class Client:
    """Speaks to bondd in a version of the control protocol that is so much newer than bondd's."""

    def __init__(self, bed: Testbed, driver: BondDriver) -> None:
        if not isinstance(driver, UserspaceDriver):
            raise DriverLacks("a control protocol with versions, which is bondd's")
        self._host = bed.host("host")
        self._socket = driver.daemon(self._host).socket
        self._present = 0
        self._present = self(command="version")[0]["result"]["protocol"]

    def __call__(self, *requests: dict[str, Any], newer: int = 0, **request: Any) -> list[dict[str, Any]]:
        """The answers to these requests, in one connection."""
        version = {"protocol": self._present + newer} if self._present else {}
        lines = [json.dumps({**each, **version}) for each in (*requests, *([request] if request else ()))]
        command = [sys.executable, "-c", SAY, str(self._socket)]
        said = self._host.run(command, text_in="".join(f"{line}\n" for line in lines)).stdout
        return [json.loads(line) for line in said.splitlines()]

    def links(self) -> list[dict[str, Any]]:
        """What ip(8) shows on the host."""
        shown = json.loads(self._host.run(["ip", "-j", "link"]).stdout)
        return [{key: link.get(key) for key in ("ifname", "address", "master", "mtu")} for link in shown]


@pytest.fixture
def client(bed: Testbed, driver: BondDriver) -> Client:
    """Of whatever version."""
    return Client(bed, driver)


def changes(command: str) -> list[dict[str, Any]]:
    """Detaching eth0 or attaching it."""
    return [{"command": command, "bond": "bond0", "slave": "eth0"}]


@behaviour("1.2.ifenslave.older-client", "1.2.ifenslave.header-path")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_an_older_client_can_do_what_it_knows(
    client: Client, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a client of the version before bondd's detaches the active slave and attaches it again, under
    traffic; then it asks for what came with bondd's version: the bond to be deleted only if it is down.

    Verify: the first two succeed, and frames leave as the bond has it; the last is refused as unsupported,
    and neither the bond nor the host's interfaces are changed. Of a client of bondd's version it is
    understood.
    """
    bond = bonded("active-backup", miimon=100)
    for command, slaves in (("release", ("eth1",)), ("enslave", ("eth1", "eth0"))):
        assert client(*changes(command), newer=-1) == [{"ok": True, "result": None}]
        assert bond.status().slave_names == slaves
        with stream("out") as out:
            wire.mark()
            out.run(0.2)
        assert set(wire.shares()) == {"eth1"}
    link_goes(bond, "eth0", "up")
    before = bond.status(), client.links()
    newest = {"command": "delete", "bond": "bond0", "if_down": True}
    (refused,) = client(newest, newer=-1)
    assert (refused["ok"], refused["errno"]) == (False, "EOPNOTSUPP")
    assert "unsupported" in refused["error"]
    assert (bond.status(), client.links()) == before
    (understood,) = client(newest)
    assert "unsupported" not in understood.get("error", "")


@behaviour("1.2.ifenslave.newer-client", "1.2.ifenslave.header-path")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_newer_client_is_told_of(client: Client, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: a client of the version after bondd's detaches eth0, attaches it with a field that bondd does
    not know, and attaches it without.

    Verify: what is refused leaves eth0 free and with its own address; the bond goes on to carry frames, and
    its log tells of the difference once.
    """
    bond = bonded("active-backup", miimon=100)
    own = {slave.name: slave.permanent_mac for slave in bond.status().slaves}
    unknown = {**changes("enslave")[0], "colour": "red"}
    for done in client(*changes("release"), unknown, newer=1)[1:]:
        assert not done["ok"]
        assert bond.status().slave_names == ("eth1",)
        assert bond.host.mac("eth0") == own["eth0"]
    client(*changes("enslave"), newer=1)
    assert bond.status().slave_names == ("eth1", "eth0")
    with stream("out") as out:
        wire.mark()
        out.run(0.2)
    assert set(wire.shares()) == {"eth1"}
    (log,) = client({"command": "log", "bond": "bond0"})
    told = [line for line in log["result"] if "version" in line]
    assert len(told) == 1, told
