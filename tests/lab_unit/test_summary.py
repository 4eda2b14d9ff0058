"""What a run says at its end: which behaviours were verified, on cases made for the purpose."""

from __future__ import annotations

import json

import pytest

from lab.behaviours import load
from lab.pytest_plugin.blocked import EXIT_BLOCKED
from tests.lab_unit.plugin_runs import ID_A, ID_B, ID_C, as_in_a_sandbox, run

__all__ = ["as_in_a_sandbox"]
pytest_plugins = ("pytester",)


BEHAVING = f"""
import pytest
from lab.errors import DriverDied, LabBroken

@behaviour("{ID_A}", "{ID_B}")
def test_good(): pass

@behaviour("{ID_B}")
def test_bad(): assert False

@behaviour("{ID_C}")
@needs(slaves=3)
def test_hidden(topology): pass

@behaviour("ID_BLOCKED")
def test_blocked(): raise LabBroken("a cable is missing")

@behaviour("ID_CRASHED")
def test_crashed(): raise DriverDied("bondd on host1 ended with status -11")

@behaviour("1.install.distro-bundled")
@pytest.mark.xfail(strict=True)
def test_expected_to_fail(): assert False
"""


def test_the_summary(pytester: pytest.Pytester) -> None:
    blocked, crashed = list(load().by_id)[-2:]
    case = BEHAVING.replace("ID_BLOCKED", blocked).replace("ID_CRASHED", crashed)
    result = run(pytester, case, "--topo=two_switch_isl", "--behaviours-json=b.json")
    result.assert_outcomes(passed=1, failed=2, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "*= behaviours =*",
            "1 verified, 2 failed, 1 lab broken, 2 not shown here (the catalogue has 374)",
            "failed:",
            f"  {ID_B} {crashed}",
            "lab broken:",
            f"  {blocked}",
            "not shown here:",
            f"  {ID_C}*",
            "verified:",
            f"  {ID_A}",
        ]
    )
    written = json.loads((pytester.path / "b.json").read_text())
    assert written["catalogue"] == 374
    assert written["behaviours"][ID_B] == {
        "outcome": "failed",
        "not in": [],
        "cases": {"test_case.py::test_bad": "failed", "test_case.py::test_good": "passed"},
        "instead": {},
        "reasons": {},
    }
    assert written["behaviours"][blocked] == {
        "outcome": "lab broken",
        "not in": [],
        "cases": {"test_case.py::test_blocked": "lab broken"},
        "instead": {},
        "reasons": {},
    }
    assert written["behaviours"][crashed]["outcome"] == "failed"
    (why,) = written["behaviours"][ID_C]["reasons"].values()
    assert why == "two_switch_isl: needs 3 slaves, the host has 2"


@pytest.mark.parametrize(
    ("error", "counted"), [("LabBroken", "0 failed, 1 lab broken"), ("DriverDied", "1 failed")]
)
@pytest.mark.parametrize("where", ["fixture", "case"])
def test_neither_a_broken_lab_nor_a_crash_is_what_a_case_may_expect(
    pytester: pytest.Pytester, error: str, counted: str, where: str
) -> None:
    case = (
        f"import pytest\nfrom lab.errors import {error}\n"
        "@pytest.fixture\n"
        f"def bad():\n    if {where == 'fixture'}: raise {error}('told')\n"
        f"@behaviour('{ID_A}')\n@pytest.mark.xfail(strict=True)\n"
        f"def test_it(bad): raise {error}('told')\n"
    )
    result = run(pytester, case)
    assert result.ret == (EXIT_BLOCKED if error == "LabBroken" else pytest.ExitCode.TESTS_FAILED)
    result.stdout.fnmatch_lines([f"0 verified, {counted}, 0 not shown here*", f"  {ID_A}"])
    result.stdout.fnmatch_lines(["*told*"])


def test_a_broken_lab_is_not_hidden_by_another_case_that_passed(pytester: pytest.Pytester) -> None:
    case = (
        "from lab.errors import LabBroken\n"
        f"@behaviour('{ID_A}')\ndef test_good(): pass\n"
        f"@behaviour('{ID_A}')\ndef test_blocked(): raise LabBroken('a cable is missing')\n"
    )
    result = run(pytester, case)
    result.stdout.fnmatch_lines(["0 verified, 0 failed, 1 lab broken, *", "lab broken:", f"  {ID_A}"])


def test_without_topo_the_summary_lists_only_failures(pytester: pytest.Pytester) -> None:
    result = run(pytester, f"@behaviour('{ID_A}')\ndef test_good(): pass\n")
    result.stdout.fnmatch_lines(["1 verified, 0 failed, 0 not shown here*"])
    result.stdout.no_fnmatch_line(f"*{ID_A}*")


def test_a_behaviour_is_verified_in_the_modes_in_which_cases_passed(pytester: pytest.Pytester) -> None:
    in_all, in_one, no_bond = "2.updelay.delays-enable", "2.mode.balance-rr.sequential", "2.mode.invalid"
    case = (
        "import pytest\n"
        f"@behaviour('{in_all}', '{in_one}')\n"
        "@pytest.mark.parametrize('mode', ['balance-rr', 'active-backup', '802.3ad'])\n"
        "def test_in(record_property, mode):\n"
        "    record_property('bondlab.modes', [mode])\n"
        "    assert mode != FAILING\n"
        f"@behaviour('{no_bond}')\ndef test_without_a_bond(record_property):\n"
        "    record_property('bondlab.modes', [])\n"
    )
    arguments = ("--topo=host_to_host", "--behaviours-json=b.json")
    result = run(pytester, f"FAILING = None\n{case}", *arguments)
    missing = ["balance-xor", "broadcast", "balance-tlb", "balance-alb"]
    result.stdout.fnmatch_lines(
        [
            "2 verified, 1 verified in part, 0 failed, 0 not shown here (the catalogue has 374)",
            f"verified in part, not in {', '.join(missing)}:",
            f"  {in_all}",
            "verified:",
            f"  {in_one} {no_bond}",
        ]
    )
    written = json.loads((pytester.path / "b.json").read_text())["behaviours"]
    assert (written[in_all]["outcome"], written[in_all]["not in"]) == ("verified in part", missing)
    assert (written[in_one]["outcome"], written[in_one]["not in"]) == ("verified", [])
    result = run(pytester, f"FAILING = 'balance-rr'\n{case}", *arguments)
    result.stdout.fnmatch_lines(["1 verified, 2 failed, 0 not shown here*"])


def test_a_failure_in_setup_or_teardown_fails_the_behaviour(pytester: pytest.Pytester) -> None:
    case = (
        f"import pytest\n@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
        f"@behaviour('{ID_A}')\ndef test_it(broken): pass\n"
    )
    run(pytester, case).stdout.fnmatch_lines(["0 verified, 1 failed*"])
