"""bondlab, without root: topologies, help, errors in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

import testcases
import topologies
from lab import sandbox
from lab.cli import app
from lab.doctor import Finding
from lab.remote.words import WORDS


def bondlab(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_topo_list_has_all() -> None:
    result = bondlab("topo", "list")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in topologies.BUILDERS)


@pytest.mark.parametrize("name", topologies.BUILDERS)
def test_topo_show_has_picture_cables_and_roles(name: str) -> None:
    result = bondlab("topo", "show", name)
    it = topologies.build(name)
    assert result.exit_code == 0
    assert it.picture.strip() in result.stdout
    assert all(cable.name in result.stdout for cable in it.cables)
    assert all(role in result.stdout for role in it.roles)


@pytest.mark.parametrize("command", [["topo", "show"], ["up"]])
def test_an_unknown_topology_is_one_line(command: list[str]) -> None:
    result = bondlab(*command, "nonsense")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("bondlab: no topology 'nonsense'; there are: host_to_host")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["topo", "show"], ["up"]])
def test_a_name_with_variants_offers_them(command: list[str]) -> None:
    result = bondlab(*command, "lacp_switch")
    assert (result.exit_code, result.stderr) == (
        2,
        "bondlab: 'lacp_switch' has variants: "
        "choose lacp_switch:bridge, lacp_switch:ovs, lacp_switch:two_ovs or lacp_switch:kernel\n",
    )


def test_version() -> None:
    result = bondlab("--version")
    assert (result.exit_code, result.stdout) == (0, f"bondlab {version('bondlab')}\n")


def test_more_slaves_than_nics() -> None:
    result = bondlab("up", "two_switch_isl", "--slaves", "3")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "the host has 2 NICs" in result.stderr


def test_up_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sandbox, "inside", lambda: False)
    result = bondlab("up", "single_switch")
    assert (result.exit_code, result.stderr) == (1, "bondlab: a lab needs root: run this with sudo\n")


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group below, the group itself too."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = list(commands(cast(TyperGroup, get_command(app))))


def test_all_commands_are_there() -> None:
    names = {" ".join(path) for path in ALL}
    assert names >= {"topo list", "up", "fault apply", "watch", "run", "chaos", "clean", "doctor"}


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_help_has_an_example(command: tuple[str, ...]) -> None:
    result = bondlab(*command, "--help")
    assert result.exit_code == 0
    assert (
        f"Example: bondlab {' '.join(command)}".rstrip() in result.stdout or "| bondlab up" in result.stdout
    )


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("bondlab topo show two_", {"two_switch_isl", "two_switch_isolated"}),
        (
            "bondlab up single_switch --mode balance-",
            {"balance-rr", "balance-xor", "balance-tlb", "balance-alb"},
        ),
        ("bondlab fault apply arp_", {"arp_loss", "arp_request_loss", "arp_reply_loss"}),
    ],
)
def test_completion(words: str, offered: set[str]) -> None:
    """As bash asks for it."""
    asked = {"_BONDLAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = CliRunner().invoke(app, env=asked, prog_name="bondlab")
    assert set(done.stdout.split()) == offered


def test_faults_are_listed() -> None:
    shown = bondlab("fault", "list").stdout
    assert all(word in shown for word in WORDS)


@pytest.mark.parametrize("command", [["watch"], ["fault", "apply", "pull", "x"], ["fault", "heal", "all"]])
def test_without_a_lab(command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    result = bondlab(*command)
    assert (result.exit_code, result.stderr) == (
        2,
        "bondlab: no lab is up: start one with 'bondlab up NAME' in another terminal\n",
    )


def test_run_becomes_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, words: ran.append(words[1:]))
    bondlab("run", "--topo", "bladecenter", "--driver", "kernel", "-n", "auto", "-k", "alb", "-x")
    cases = str(Path(testcases.__file__).parent)
    options = ["--topo=bladecenter", "--driver=kernel", "-n", "auto", "-k", "alb", "-x"]
    assert ran.pop() == ["-m", "pytest", cases, *options]
    monkeypatch.chdir(Path(cases).parent)
    bondlab("run", "-k", "lab")  # there is a folder of that name, too
    assert ran.pop() == ["-m", "pytest", cases, "-k", "lab"]
    bondlab("run", f"{cases}/section_14_faq")
    assert ran.pop() == ["-m", "pytest", f"{cases}/section_14_faq"]


def test_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "lab.doctor.examine", lambda: [Finding("root", "ok", "yes"), Finding("x", "limited", "y")]
    )
    assert bondlab("doctor").exit_code == 0
    monkeypatch.setattr(
        "lab.doctor.examine", lambda: [Finding("TAP devices", "missing", "none", "modprobe tun")]
    )
    result = bondlab("doctor")
    assert result.exit_code == 1
    assert "modprobe tun" in result.stdout
    (told,) = json.loads(bondlab("doctor", "--json").stdout)
    assert (told["what"], told["state"]) == ("TAP devices", "missing")


def test_clean_says_what_it_did(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    result = bondlab("clean")
    assert (result.exit_code, result.stdout) == (0, "nothing to clean: no run has left anything\n")
    monkeypatch.setattr("lab.runs.clean_stale", lambda: ["run 1"])
    assert bondlab("clean").stdout == "cleaned run 1\n"
    monkeypatch.setattr("lab.runs.clean_stale", lambda: ["run 1: FAILED: busy"])
    assert bondlab("clean").exit_code == 1
