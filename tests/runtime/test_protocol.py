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
    assert ask(raw, command="add", bond="bond0", strict=True)["ok"]
    for told in ({}, {"protocol": 1}):
        reply = ask(raw, command="delete", bond="bond0", if_down=True, **told)
        assert (reply["ok"], reply["errno"]) == (False, "EOPNOTSUPP")
    assert bondd.control.call("list") == ["bond0"]
    assert newer_lines(bondd) == []
    assert ask(raw, command="delete", bond="bond0")["ok"]


@pytest.mark.root
def test_a_newer_client_is_served_and_each_bond_tells_of_it_once(bondd: Daemon, raw: socket.socket) -> None:
    """Also where the request makes the bond, and where bondd refuses it."""
    bondd.add("bond0")
    newer: dict[str, Any] = {"protocol": PROTOCOL + 1}
    assert not ask(raw, command="set", bond="bond0", option="colour", value="red", **newer)["ok"]
    assert ask(raw, command="set", bond="bond0", option="miimon", value=50, **newer)["ok"]
    assert ask(raw, command="add", bond="bond1", **newer)["ok"]
    with socket.socket(socket.AF_UNIX) as another:
        another.connect(str(bondd.socket))
        assert ask(another, command="monitor", bond="bond0", **newer)["ok"]
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


@pytest.mark.root
def test_a_bond_made_anew_tells_of_it_anew(bondd: Daemon, raw: socket.socket) -> None:
    for _ in range(2):
        assert ask(raw, command="add", bond="bond0", protocol=PROTOCOL + 1)["ok"]
        assert len(newer_lines(bondd)) == 1
        bondd.control.call("delete", bond="bond0")
