"""A broken lab is told apart from a driver that fails, in the report and by the exit code."""

from __future__ import annotations

import pytest

from lab.pytest_plugin.blocked import EXIT_BLOCKED
from tests.lab_unit.plugin_runs import as_in_a_sandbox, run

__all__ = ["as_in_a_sandbox"]
pytest_plugins = ("pytester",)

BROKEN = """
import pytest
from lab.errors import LabBroken

def test_good(): pass
def test_blocked(): raise LabBroken("a cable is missing")

@pytest.fixture
def bed(): raise LabBroken("no room for a guest")
def test_blocked_before(bed): pass
"""
FAILED = "def test_bad(): assert False\n"


def test_a_broken_lab_blocks(pytester: pytest.Pytester) -> None:
    result = run(pytester, BROKEN)
    assert result.ret == EXIT_BLOCKED
    result.stdout.fnmatch_lines(
        [
            "*BLOCKED: test_case.py::test_blocked (call)*",
            "*a cable is missing*",
            "*BLOCKED: test_case.py::test_blocked_before (setup)*",
            "*no room for a guest*",
            "*1 passed, 2 blocked*",
        ]
    )


def test_a_failure_counts_more(pytester: pytest.Pytester) -> None:
    result = run(pytester, BROKEN + FAILED)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*1 failed, 1 passed, 2 blocked*"])


def test_nothing_blocked_is_nothing_new(pytester: pytest.Pytester) -> None:
    assert run(pytester, FAILED).ret == pytest.ExitCode.TESTS_FAILED
    assert run(pytester, "def test_good(): pass\n").ret == pytest.ExitCode.OK
