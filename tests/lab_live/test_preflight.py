"""A lab that is not as planned blocks the cases of its topology; the run ends with a status of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.pytest_plugin.blocked import EXIT_BLOCKED
from tests.lab_live.commands import run

CASES = """
from lab.cases import Testbed

def test_one(bed: Testbed) -> None:
    pass

def test_two(bed: Testbed) -> None:
    pass
"""
SABOTAGE = """
from lab.testbed import Testbed

build = Testbed.build

def sabotaged(topology, *arguments):
    bed = build(topology, *arguments)
    if topology.name == "single_switch":
        bed.slave_cable(1).impair("sabotage", ["drop"], from_node="host1")
    return bed

Testbed.build = sabotaged
"""
NO_TOOLS = """
import lab.preflight.tools

lab.preflight.tools.PROGRAMS = ("ip", "nonesuch-tool")
"""
COUNT = """
import lab.pytest_plugin.fixtures as fixtures

real = fixtures.preflight

def counted(bed):
    print(f"proving {bed.topology.name}")
    real(bed)

fixtures.preflight = counted
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_cases.py").write_text(CASES)
    return tmp_path


def test_a_broken_lab_is_blocked_with_port_and_cable(project: Path) -> None:
    (project / "conftest.py").write_text(SABOTAGE)
    done = run(project, "--topo=single_switch,host_to_host")
    assert done.returncode == EXIT_BLOCKED, done.stdout
    assert "2 passed, 2 blocked" in done.stdout
    assert done.stdout.count("sw1:p2 does not hear host1:eth1 (cable host1.eth1--sw1.p2)") >= 2


def test_a_missing_tool_is_blocked(project: Path) -> None:
    (project / "conftest.py").write_text(NO_TOOLS)
    done = run(project, "--topo=host_to_host")
    assert done.returncode == EXIT_BLOCKED, done.stdout
    assert "no nonesuch-tool on this machine: run ./setup.sh as root" in done.stdout


def test_each_topology_is_proven_once(project: Path) -> None:
    (project / "conftest.py").write_text(COUNT)
    done = run(project, "-s", "--topo=single_switch,host_to_host")
    assert done.returncode == 0, done.stdout
    assert [done.stdout.count(f"proving {name}") for name in ("single_switch", "host_to_host")] == [1, 1]
