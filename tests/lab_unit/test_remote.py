"""Requests to a lab that is up: what is understood, what is refused, who has gone."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab.errors import LabBroken, TopologyError
from lab.remote.client import ask, find
from lab.remote.screen import screen
from lab.remote.server import NAME, Server


def refuse(_request: dict[str, Any]) -> None:
    raise TopologyError("no such cable")


def fail(_request: dict[str, Any]) -> None:
    raise LabBroken("the switch is on fire")


def break_down(request: dict[str, Any]) -> None:
    raise {"OverflowError": OverflowError, "BrokenPipeError": BrokenPipeError}[request["error"]]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    (tmp_path / "run1").mkdir()
    commands = {"echo": lambda request: request, "need": lambda r: r["x"], "refuse": refuse, "fail": fail}
    commands["break"] = break_down
    server = Server(tmp_path / "run1" / NAME, commands)
    yield tmp_path / "run1" / NAME
    server.close()


def raw(path: Path, line: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(str(path))
        end.sendall(line)
        end.shutdown(socket.SHUT_WR)
        answer: dict[str, Any] = json.loads(end.makefile("rb").readline())
        return answer


def test_a_request_is_answered(path: Path) -> None:
    assert find() == find("run1") == path
    assert ask(path, "echo", word="pull", amount=3.5) == {"word": "pull", "amount": 3.5}


def test_whose_fault_an_error_is_comes_through(path: Path) -> None:
    with pytest.raises(TopologyError, match="no such cable"):
        ask(path, "refuse")
    with pytest.raises(LabBroken, match="on fire"):
        ask(path, "fail")


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"nonsense\n", b"[]\n", b"7\n", b'{"do": "dance"}\n', b'{"do": []}\n', b"\xff\n"]
)
def test_nonsense_is_refused_and_the_next_request_answered(path: Path, line: bytes) -> None:
    answer = raw(path, line)
    assert answer["usage"]
    assert "possible: echo, need, refuse, fail, break" in answer["error"]
    assert ask(path, "echo") == {}


def test_what_is_missing_is_named(path: Path) -> None:
    assert "'x'" in raw(path, b'{"do": "need"}\n')["error"]


def test_a_second_lab_of_one_run_is_refused(path: Path) -> None:
    with pytest.raises(LabBroken, match="another lab up in this run"):
        Server(path, {})


def test_several_labs(path: Path) -> None:
    second = path.parents[1] / "run2"
    second.mkdir()
    server = Server(second / NAME, {})
    with pytest.raises(TopologyError, match="choose one with --run: run1, run2"):
        find()
    assert find("run2") == second / NAME
    server.close()
    assert find() == path


def test_a_lab_that_was_killed_is_none(path: Path) -> None:
    dead = path.parents[1] / "run0"
    dead.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.bind(str(dead / NAME))
    assert find() == path
    with pytest.raises(LabBroken, match="does not answer"):
        ask(dead / NAME, "echo")


def look(at_s: float, tx_bytes: int) -> dict[str, Any]:
    counters = {"rx_packets": 0, "rx_bytes": 0, "tx_packets": tx_bytes // 1000, "tx_bytes": tx_bytes}
    slave = {"name": "eth0", "up": False, "failures": 2, "speed_mbit": 1000, "aggregator": None, **counters}
    bond = {"host": "h", "name": "bond0", "mode": "balance-rr", "up": True, "active": None, "slaves": [slave]}
    cable = {"name": "c1", "a": "h:eth0", "b": "s:p1", "plugged": False}
    fault = {"number": 4, "text": "cable c1 pulled", "left_s": 1.5}
    return {"at_s": at_s, "topology": "t", "bonds": [bond], "cables": [cable], "faults": [fault]}


def test_the_screen_tells_rates_links_cables_and_faults() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(screen(look(10.0, 0), look(12.0, 1_000_000)))
    shown = console.export_text()
    (row,) = [line.split() for line in shown.splitlines() if line.strip().startswith("eth0")]
    assert row == ["eth0", "down", "1000", "2", "0", "0.00", "500", "4.00"]
    assert "0 of 1 cables plugged" in shown
    assert "c1: h:eth0 - s:p1 pulled" in shown
    assert "4: cable c1 pulled, 1.5 s left" in shown


def test_a_command_that_breaks_down_is_told_and_the_next_request_answered(path: Path) -> None:
    """Also when it breaks down in a way that looks like a peer that has gone."""
    for error in ("OverflowError", "BrokenPipeError"):
        with pytest.raises(LabBroken, match=error):
            ask(path, "break", error=error)
    assert ask(path, "echo") == {}
