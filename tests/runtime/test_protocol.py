"""Clients older and newer than bondd (HOWTO section 1.2)."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from bondimpl.errors import BondError
from bondimpl.runtime.protocol import FIRST, PROTOCOL, SINCE, require_known, version_of
from tests.runtime.lab import Daemon
from tests.runtime.said import read_reply


def ask(raw: socket.socket, **request: Any) -> dict[str, Any]:
    raw.sendall(json.dumps(request).encode() + b"\n")
    return read_reply(raw)


def newer_lines(bondd: Daemon, bond: str = "bond0") -> list[str]:
    return [line for line in bondd.control.call("log", bond=bond) if "version" in line]


@pytest.mark.parametrize("bad", [0, -1, True, "2", 1.0, None, []])
def test_a_version_is_a_whole_number(bad: object) -> None:
    with pytest.raises(BondError, match="protocol must be a whole number, 1 or more"):
        version_of({"command": "list", "protocol": bad})


def test_who_tells_none_speaks_the_first() -> None:
    assert version_of({"command": "list"}) == FIRST


@pytest.mark.parametrize(("asked", "since"), SINCE.items())
def test_what_came_after_the_client_is_unsupported(asked: tuple[str, str], since: int) -> None:
    command, field = asked
    require_known({"command": command, field: True, "protocol": since})
    with pytest.raises(BondError, match=f"{command}: {field} is unsupported in version {since - 1}"):
        require_known({"command": command, field: True, "protocol": since - 1})
    require_known({"command": command, "bond": "bond0", "protocol": since - 1})


@pytest.mark.root
def test_an_older_client_is_served_but_for_what_is_newer(bondd: Daemon, raw: socket.socket) -> None:
    reply = ask(raw, command="add", bond="bond0", strict=True)
    assert (reply["ok"], reply["errno"]) == (False, "EOPNOTSUPP")
    assert bondd.control.call("list") == []
    assert ask(raw, command="add", bond="bond0", protocol=1)["ok"]
    assert newer_lines(bondd) == []


@pytest.mark.root
def test_a_newer_client_is_served_and_told_of_once(bondd: Daemon, raw: socket.socket) -> None:
    bondd.add("bond0")
    bondd.add("bond1")
    for bond in ("bond0", "bond0", "bond1"):
        assert ask(raw, command="set", bond=bond, option="miimon", value=50, protocol=PROTOCOL + 1)["ok"]
    for bond in ("bond0", "bond1"):
        assert newer_lines(bondd, bond) == [
            f"bonding: {bond}: a client speaks version {PROTOCOL + 1} of the control protocol, "
            f"bondd {PROTOCOL}: it may not work"
        ]


@pytest.mark.root
def test_a_newer_client_that_names_no_bond_is_told_of_by_bondd(bondd: Daemon, raw: socket.socket) -> None:
    assert ask(raw, command="list", protocol=PROTOCOL + 1)["ok"]
    assert ask(raw, command="version", protocol=PROTOCOL + 1)["result"]["protocol"] == PROTOCOL
    assert bondd.errors().count(f"a client speaks version {PROTOCOL + 1}") == 1
