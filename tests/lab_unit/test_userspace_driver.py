"""The driver for bondimpl, against a daemon that is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from bondimpl.errors import BondError, MachineError, OptionError
from lab.drivers.userspace import UserspaceDriver
from lab.errors import DriverDied, DriverRefused, LabBroken
from lab.hosts.base import Host
from lab.undo import UndoStack

PROC = (Path(__file__).parent.parent / "data/proc/2.6/active_backup.txt").read_text()


class FakeProcess:
    """bondd: `ended` is its status once it has one."""

    pid = 1

    def __init__(self) -> None:
        self.ended: int | None = None

    def poll(self) -> int | None:
        return self.ended

    def stop(self, within_s: float = 5.0) -> int:
        self.ended = 0
        return 0

    def output(self) -> str:
        return "bondd: /dev/net/tun: permission denied\n"


class FakeHost:
    """A host that notes what is run on it."""

    name, nics = "host1", ("eth0", "eth1")

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.processes: list[FakeProcess] = []

    def start(self, argv: Sequence[str]) -> FakeProcess:
        self.ran.append(list(argv))
        self.processes.append(FakeProcess())
        return self.processes[-1]

    def run(self, argv: Sequence[str]) -> None:
        self.ran.append(list(argv))


class FakeBondd:
    """Answers by command; counts connections that were not closed."""

    def __init__(self, **answers: Callable[..., Any]) -> None:
        self.answers: dict[str, Callable[..., Any]] = {
            "version": lambda: {"howto": "2005", "era": "howto", "pid": 1},
            **answers,
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.open = 0

    def __call__(self, path: str) -> FakeBondd:
        self.open += 1
        return self

    def call(self, command: str, **fields: Any) -> Any:
        self.asked.append((command, fields))
        return self.answers[command](**fields) if command in self.answers else None

    def close(self) -> None:
        self.open -= 1


def made(bondd: FakeBondd, tmp_path: Path) -> tuple[UserspaceDriver, FakeHost, UndoStack]:
    undo = UndoStack()
    return UserspaceDriver(tmp_path, undo, connect=bondd), FakeHost(), undo


def as_host(host: FakeHost) -> Host:
    return cast(Host, host)


def test_one_daemon_a_host_started_when_needed_and_ended_with_the_bed(tmp_path: Path) -> None:
    bondd = FakeBondd()
    driver, host, undo = made(bondd, tmp_path)
    assert (host.ran, driver.version) == ([], "")
    driver.create(as_host(host), "bond0", {"mode": "1"})
    driver.create(as_host(host), "bond1", {})
    assert host.ran == [["bondd", "--socket", str(tmp_path / "host1.sock"), "--era", "howto"]]
    assert driver.version == "howto 2005 era howto"
    assert [bond.name for bond in driver.bonds] == ["bond0", "bond1"]
    assert ("add", {"bond": "bond0", "options": {"mode": "1"}}) in bondd.asked
    undo.unwind()
    assert host.processes[0].ended == 0
    assert bondd.open == 0


def test_whoever_asks_is_told_of_each_bond_that_is_made(tmp_path: Path) -> None:
    def add(bond: str, options: dict[str, str]) -> None:
        if options["mode"] == "7":
            raise OptionError("mode", "7", "not possible")

    told: list[tuple[Host, Mapping[str, str]]] = []
    host = as_host(FakeHost())
    driver = UserspaceDriver(
        tmp_path, UndoStack(), connect=FakeBondd(add=add), created=lambda *made: told.append(made)
    )
    with pytest.raises(DriverRefused):
        driver.create(host, "bond0", {"mode": "7"})
    driver.create(host, "bond0", {"mode": "6"})
    assert told == [(host, {"mode": "6"})]


def test_it_waits_until_the_daemon_answers(tmp_path: Path) -> None:
    tries = iter([MachineError("no bondd answers"), MachineError("no bondd answers"), None])

    def version() -> dict[str, str]:
        if error := next(tries):
            raise error
        return {"howto": "2005"}

    bondd = FakeBondd(version=version)
    driver, host, _ = made(bondd, tmp_path)
    driver.create(as_host(host), "bond0", {})
    assert driver.version == "howto 2005"
    assert bondd.open == 0


def test_a_daemon_that_ends_at_once_is_the_drivers_fault(tmp_path: Path) -> None:
    def version() -> None:
        host.processes[0].ended = 1
        raise MachineError("no bondd answers")

    driver, host, _ = made(FakeBondd(version=version), tmp_path)
    with pytest.raises(
        DriverDied, match="bondd on host1 ended with status 1; it printed: bondd: /dev/net/tun"
    ):
        driver.create(as_host(host), "bond0", {})


def test_a_refusal_says_what_was_asked_and_the_drivers_words(tmp_path: Path) -> None:
    def enslave(**_: str) -> None:
        raise BondError("eth0: already enslaved", "EBUSY")

    def add(**_: str) -> None:
        raise OptionError("mode", "x", "allowed: 0 to 6")

    driver, host, _ = made(FakeBondd(enslave=enslave), tmp_path)
    bond = driver.create(as_host(host), "bond0", {})
    with pytest.raises(DriverRefused) as caught:
        bond.enslave("eth0")
    assert caught.value.request == "host1: enslave bond0 eth0"
    assert caught.value.text == "eth0: already enslaved"
    driver, host, _ = made(FakeBondd(add=add), tmp_path)
    with pytest.raises(DriverRefused, match="host1: add bond0 mode=x miimon=5: option mode: 'x'"):
        driver.create(as_host(host), "bond0", {"mode": "x", "miimon": "5"})
    assert driver.bonds == ()


def test_a_daemon_that_falls_silent_is_a_broken_lab_one_that_ended_a_dead_driver(tmp_path: Path) -> None:
    def silent(**_: str) -> None:
        raise MachineError("did not answer within 10 s")

    driver, host, _ = made(FakeBondd(proc=silent, log=silent), tmp_path)
    bond = driver.create(as_host(host), "bond0", {})
    with pytest.raises(LabBroken, match="bondd on host1: did not answer"):
        bond.status()
    host.processes[0].ended = -11
    with pytest.raises(DriverDied, match=r"ended with status -11; .*\(asked for: log\)"):
        bond.log()


def test_the_handle(tmp_path: Path) -> None:
    heard = iter([False, True, True, False])  # the daemon hears of the device's state after a moment
    bondd = FakeBondd(
        proc=lambda **_: PROC, log=lambda **_: ["one", "two"], show=lambda **_: {"admin_up": next(heard)}
    )
    driver, host, _ = made(bondd, tmp_path)
    bond = driver.create(as_host(host), "bond0", {})
    bond.enslave("eth0")
    bond.set("miimon", "50")
    bond.set_up(True)
    bond.set_up(False)
    assert list(heard) == []
    bond.release("eth0")
    assert bond.proc_text() == PROC
    assert bond.status().active == "eth0"
    assert bond.log() == "one\ntwo"
    bond.delete()
    assert driver.bonds == ()
    assert host.ran[1:] == [["ip", "link", "set", "dev", "bond0", way] for way in ("up", "down")]
    assert [asked for asked in bondd.asked if asked[0] not in ("version", "add", "proc", "log", "show")] == [
        ("enslave", {"bond": "bond0", "slave": "eth0"}),
        ("set", {"bond": "bond0", "option": "miimon", "value": "50"}),
        ("release", {"bond": "bond0", "slave": "eth0"}),
        ("delete", {"bond": "bond0"}),
    ]
