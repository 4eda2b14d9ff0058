"""bondlab, without root: topologies, help, errors in one line."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import topologies
from lab import sandbox
from lab.cli import app


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


@pytest.mark.parametrize("command", [[], ["topo"], ["topo", "list"], ["topo", "show"], ["up"], ["clean"]])
def test_every_help_has_an_example(command: list[str]) -> None:
    result = bondlab(*command, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.stdout


def test_clean_says_what_it_did(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    result = bondlab("clean")
    assert (result.exit_code, result.stdout) == (0, "nothing to clean: no run has left anything\n")
    monkeypatch.setattr("lab.runs.clean_stale", lambda: ["run 1"])
    assert bondlab("clean").stdout == "cleaned run 1\n"
    monkeypatch.setattr("lab.runs.clean_stale", lambda: ["run 1: FAILED: busy"])
    assert bondlab("clean").exit_code == 1
