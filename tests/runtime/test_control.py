"""The control socket: no request and no client harms the daemon."""

from __future__ import annotations

import json
import random
import socket
import string
import threading
from collections.abc import Mapping

import pytest

from bondimpl.era import HOWTO
from bondimpl.errors import BondError, MachineError
from bondimpl.runtime.commands import execute
from bondimpl.runtime.control import ControlClient
from bondimpl.runtime.instance import Instance
from bondimpl.runtime.ports import Family
from tests.runtime.lab import Daemon, Lab
from tests.runtime.said import read_reply

pytestmark = pytest.mark.root


MALFORMED = [
    b"",
    b"nonsense",
    b"\xff\xfe\0",
    b"null",
    b"[]",
    b"7",
    b'"add"',
    b"{}",
    b'{"command": null}',
    b'{"command": ["add"]}',
    b'{"command": "frobnicate"}',
    b'{"command": "__class__"}',
    b'{"command": "add"}',
    b'{"command": "add", "bond": 7}',
    b'{"command": "add", "bond": "bond1", "options": "mode=1"}',
    b'{"command": "add", "bond": "bond1", "options": {"mode": true}}',
    b'{"command": "add", "bond": "bond1", "options": {"mode": ["1"]}}',
    b'{"command": "add", "bond": "bond1", "colour": "red"}',
    b'{"command": "add", "bond": "bo\\u0000nd"}',
    b'{"command": "add", "bond": "bond\\ud800"}',
    b'{"command": "add", "bond": ""}',
    b'{"command": "enslave", "bond": "bond0", "slave": ""}',
    b'{"command": "enslave", "bond": "bond0", "slave": "et\\u0000h0"}',
    b'{"command": "enslave", "bond": "bond0", "slave": "\\ud800"}',
    b'{"command": "enslave", "bond": "bond0"}',
    b'{"command": "enslave", "bond": "bond0", "slaves": []}',
    b'{"command": "enslave", "bond": "bond0", "slaves": [7]}',
    b'{"command": "enslave", "bond": "bond0", "slaves": "eth0"}',
    b'{"command": "enslave", "bond": "bond0", "slave": "eth0", "slaves": ["eth1"]}',
    b'{"command": "enslave", "bond": "bond0", "slave": "eth0", "take_down": 1}',
    b'{"command": "release", "bond": "bond0", "slaves": [[]]}',
    b'{"command": "set", "bond": "bond0"}',
    b'{"command": "set", "bond": "bond0", "options": {"miimon": "100"}, "value": "100"}',
    b'{"command": "set", "bond": "bond0", "options": {"miimon": "100"}, "option": "miimon"}',
    b'{"command": "set", "bond": "bond0", "options": {"miimon": []}}',
    b'{"command": "set", "bond": "bond0", "option": "miimon"}',
    b'{"command": "set", "bond": "bond0", "option": "miimon", "value": 1e400}',
    b'{"command": "set", "bond": "bond0", "option": "miimon", "value": {}}',
    b'{"command": "monitor", "bond": 7}',
    b"[" * 50_000,
]


@pytest.mark.parametrize("line", MALFORMED)
def test_malformed_request_gets_an_error(bondd: Daemon, raw: socket.socket, line: bytes) -> None:
    bondd.add("bond0")
    raw.sendall(line + b"\n")
    reply = read_reply(raw)
    assert reply["ok"] is False
    assert reply["error"]
    assert "\n" not in reply["error"]
    assert "internal" not in reply["error"]
    assert reply["errno"].startswith("E")
    assert bondd.control.call("list") == ["bond0"]


def test_fuzz(bondd: Daemon, raw: socket.socket) -> None:
    """Steps: a thousand random lines, whole and in pieces. Verify: a reply to each, the daemon as before."""
    chance = random.Random(1)
    names = [
        "add",
        "delete",
        "enslave",
        "release",
        "set",
        "up",
        "down",
        "show",
        "proc",
        "log",
        "probe",
        "list",
    ]
    keys = ["bond", "slave", "slaves", "take_down", "option", "value", "options", "answers", "refresh_ms"]
    values = ["bond0", ["eth0"], "", "eth0\0", -1, 2**70, None, True, [], {}, {"mode": "9"}, "é" * 40, 0.5]
    lines = []
    letters = string.printable.replace("\n", "")
    for _ in range(1000):
        if chance.random() < 0.3:
            lines.append("".join(chance.choices(letters, k=chance.randrange(200))).encode())
        else:
            request: dict[str, object] = {"command": chance.choice(names)}
            request |= {key: chance.choice(values) for key in chance.sample(keys, chance.randrange(4))}
            lines.append(json.dumps(request).encode())
    data = b"".join(line + b"\n" for line in lines)

    def send() -> None:
        at = 0
        while at < len(data):
            step = chance.randrange(1, 3000)
            raw.sendall(data[at : at + step])
            at += step

    sender = threading.Thread(target=send)
    sender.start()
    with raw.makefile("rb") as replies:
        answers = [json.loads(replies.readline()) for _ in lines]
    sender.join()
    assert all(isinstance(answer["ok"], bool) for answer in answers)
    assert not [answer for answer in answers if "internal" in answer.get("error", "")]
    assert bondd.control.call("list") in ([], ["bond0"])


def test_many_requests_at_once_are_answered_in_order(raw: socket.socket) -> None:
    raw.sendall(b'{"command": "list"}\n{"command": "nonsense"}\n{"command": "version"}\n')
    raw.shutdown(socket.SHUT_WR)
    with raw.makefile("rb") as replies:
        answers = [json.loads(line) for line in replies]
    assert [answer["ok"] for answer in answers] == [True, False, True]


def test_client_that_leaves_in_the_middle(bondd: Daemon, raw: socket.socket) -> None:
    raw.sendall(b'{"command": "li')
    raw.close()
    assert bondd.control.call("list") == []


def test_error_keeps_the_drivers_errno(bondd: Daemon) -> None:
    bondd.add("bond0", up=False, mode="active-backup")
    with pytest.raises(BondError) as refused:
        bondd.control.call("enslave", bond="bond0", slave="eth0")
    assert refused.value.errno == "EPERM"
    assert "bond0 is down" in str(refused.value)


def test_daemon_that_went_away(bondd: Daemon) -> None:
    with ControlClient(str(bondd.socket)) as control:
        control.call("list")
        bondd.stop()
        with pytest.raises(MachineError):
            control.call("list")
        with pytest.raises(MachineError, match="no bondd answers"):
            control.call("list")


def test_monitor_shows_a_failover(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="20")
    bondd.add("bond1", up=False)
    with ControlClient(str(bondd.socket)) as watcher:
        events = watcher.events("bond0")
        bondd.control.call("set", bond="bond1", option="miimon", value="20")
        lab.peer("ip", "link", "set", "dev", "port0", "down")
        seen = []
        for event in events:
            seen.append(event)
            if event["kind"] == "active":
                break
    assert {event["bond"] for event in seen} == {"bond0"}
    assert (seen[-1]["slave"], seen[-1]["value"]) == ("eth1", "eth1")
    assert ("link", "eth0", "down") in [(event["kind"], event["slave"], event["value"]) for event in seen]
    assert all(isinstance(event["time_ms"], float) for event in seen)


def test_lists_in_one_request(bondd: Daemon) -> None:
    bondd.add("bond0", mode="active-backup", miimon="100")
    bondd.control.call("enslave", bond="bond0", slaves=["eth0", "eth1"])
    bondd.control.call(
        "set", bond="bond0", options={"active_slave": "eth1", "updelay": 200, "downdelay": 300}
    )
    shown = bondd.show()
    assert (shown["active"], shown["options"]["updelay"], shown["options"]["downdelay"]) == (
        "eth1",
        "200",
        "300",
    )
    bondd.control.call("release", bond="bond0", slaves=["eth1", "eth0"])
    assert bondd.show()["slaves"] == []


def test_commands_act_on_devices_as_they_are() -> None:
    """Link events may still be waiting behind a request when it is read."""

    class Bonds:
        instances: Mapping[str, Instance] = {}
        era = HOWTO
        followed = 0

        def add(self, name: str, options: Mapping[str, str]) -> None:
            assert self.followed

        def delete(self, name: str) -> None:
            assert self.followed

        def family(self) -> Family:
            raise NotImplementedError

        def follow(self) -> None:
            self.followed += 1

    bonds = Bonds()
    execute(bonds, {"command": "add", "bond": "bond0"})
    assert bonds.followed == 1


def test_log_is_kept(bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100", updelay="150")
    log = bondd.control.call("log", bond="bond0")
    assert any("updelay" in line for line in log)
    assert any("eth0" in line for line in log)
