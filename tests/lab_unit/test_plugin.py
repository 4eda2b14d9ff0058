"""The plugin, run on cases made for the purpose; no lab is built."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import lab.cases  # noqa: F401  # once, here: the runs in this process would each import all of it anew
from lab import sandbox
from lab.behaviours import CATALOGUE, load

pytest_plugins = ("pytester",)

HEAD = "from lab.cases import behaviour, needs\n"
ID_A, ID_B, ID_C = "1.1.source-location", "1.1.kernel-config-option", "1.1.builtin-no-parameters"


@pytest.fixture(autouse=True)
def _as_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of these tests happen in this process: it must not exec, whoever we are."""
    monkeypatch.setattr(sandbox, "inside", lambda: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def run(pytester: pytest.Pytester, case: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(test_case=HEAD + case)
    return pytester.runpytest_inprocess(
        "-p", "lab.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments
    )


def test_an_unknown_behaviour_is_a_collection_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@behaviour('1.1.source-locaton')\ndef test_it(): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*::test_it: no behaviour '1.1.source-locaton' in the catalogue; did you mean '1.1.source-loca*"]
    )
    assert "Traceback" not in result.stdout.str()


def test_a_behaviour_without_an_id_is_a_collection_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@behaviour()\ndef test_it(): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*behaviour takes ids of the catalogue*"])


def test_a_misspelled_need_is_an_error(pytester: pytest.Pytester) -> None:
    run(pytester, "@needs(slave=2)\ndef test_it(): pass\n").assert_outcomes(errors=1)
    other = run(pytester, "import pytest\n@pytest.mark.needs(slave=2)\ndef test_it(): pass\n")
    other.assert_outcomes(errors=1)
    other.stdout.fnmatch_lines(["*needs: *unexpected keyword argument 'slave'*"])


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("", "host_to_host"),
        ("slaves=2, switch=True", "single_switch"),
        ("slaves=2, meeting=False", "two_switch_isl"),
        ("roles=('management',)", "bladecenter:opm"),
        ("traits=('esm',)", "bladecenter:esm"),
    ],
)
def test_without_topo_the_smallest_topology_that_shows_it(
    pytester: pytest.Pytester, wanted: str, name: str
) -> None:
    case = f"@needs({wanted})\ndef test_it(topology): assert topology.name == '{name}'\n"
    result = run(pytester, case, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*test_it[[]{name}[]] PASSED*"])


def test_what_no_topology_shows_is_skipped_with_the_reasons(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@needs(slaves=40)\ndef test_it(topology): pass\n", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no topology shows it: host_to_host: needs 40 slaves, the host has 4;*"])


def test_topo_runs_the_case_on_each_and_skips_with_the_reason(pytester: pytest.Pytester) -> None:
    case = "@needs(slaves=2, meeting=True)\ndef test_it(topology): pass\n"
    result = run(pytester, case, "--topo=bladecenter,single_switch", "-v", "-rs")
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "*test_it[[]bladecenter:opm[]] PASSED*",
            "*test_it[[]bladecenter:esm[]] SKIPPED*",
            "*test_it[[]bladecenter:mixed[]] SKIPPED*",
            "*test_it[[]single_switch[]] PASSED*",
        ]
    )
    result.stdout.fnmatch_lines(
        ["*bladecenter:esm: needs slaves that meet on one node, they end on esm1 and esm2*"]
    )


def test_once_is_enough_where_topologies_do_not_differ(pytester: pytest.Pytester) -> None:
    case = "@needs(slaves=2, switch=True, once=True)\ndef test_it(topology): assert topology.name == '{}'\n"
    result = run(pytester, case.format("single_switch"), "--topo=all", "-rs")
    result.assert_outcomes(passed=1, skipped=5)
    result.stdout.fnmatch_lines(
        ["*bladecenter:esm: it is the same on every topology and is shown on single*"]
    )
    run(pytester, case.format("bladecenter:opm"), "--topo=bladecenter").assert_outcomes(passed=1, skipped=2)
    run(pytester, case.format("single_switch")).assert_outcomes(passed=1)


def test_needs_of_class_and_method_add_up(pytester: pytest.Pytester) -> None:
    case = (
        "@needs(slaves=2, meeting=False)\nclass TestIt:\n"
        "    @needs(traits=('chassis',))\n"
        "    def test_it(self, topology): assert topology.name == 'bladecenter:esm'\n"
    )
    run(pytester, case).assert_outcomes(passed=1)


def test_a_case_without_a_lab_runs_once(pytester: pytest.Pytester) -> None:
    run(pytester, f"@behaviour('{ID_A}')\ndef test_it(): pass\n", "--topo=all").assert_outcomes(passed=1)


def test_a_test_may_have_a_parameter_topology_of_its_own(pytester: pytest.Pytester) -> None:
    case = "import pytest\n@pytest.mark.parametrize('number, topology', [(1, 'a')])\n"
    run(pytester, case + "def test_it(number, topology): assert topology == 'a'\n").assert_outcomes(passed=1)


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
    result = run(pytester, case, "--topo=two_switch_isl", "--behaviours-json=out/b.json")
    result.assert_outcomes(passed=1, failed=3, skipped=1, xfailed=1)
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
    written = json.loads((pytester.path / "out" / "b.json").read_text())
    assert written["catalogue"] == 374
    assert written["behaviours"][ID_B] == {
        "outcome": "failed",
        "cases": {"test_case.py::test_bad": "failed", "test_case.py::test_good": "passed"},
    }
    assert written["behaviours"][blocked] == {
        "outcome": "lab broken",
        "cases": {"test_case.py::test_blocked": "lab broken"},
    }
    assert written["behaviours"][crashed]["outcome"] == "failed"


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
    assert result.ret == pytest.ExitCode.TESTS_FAILED
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


def test_a_failure_in_setup_or_teardown_fails_the_behaviour(pytester: pytest.Pytester) -> None:
    case = (
        f"import pytest\n@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
        f"@behaviour('{ID_A}')\ndef test_it(broken): pass\n"
    )
    run(pytester, case).stdout.fnmatch_lines(["0 verified, 1 failed*"])


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--topo=nonsense", "--topo=nonsense: no topology 'nonsense'; there are: host_to_host, *"),
        ("--driver=kernel", "--driver=kernel: not built yet*"),
        ("--driver=windows", "--driver=windows: no such driver; there are: userspace, kernel"),
        ("--lab=rack.yaml", "--lab=rack.yaml: physical labs are not built yet*"),
    ],
)
def test_wrong_options_are_one_line(pytester: pytest.Pytester, argument: str, words: str) -> None:
    result = run(pytester, "def test_it(): pass\n", argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}"])
    assert len(result.stderr.str().strip().splitlines()) == 1


def test_cases_without_root_are_refused(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    pytester.mkdir("testcases")
    for argument in ("testcases", "testcases/test_x.py::test_it"):
        result = run(pytester, "def test_it(): pass\n", "--rootdir=.", argument)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: testcases/ run in network namespaces, which need root*"])


def test_other_tests_without_root_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    case = "import pytest\n@pytest.mark.root\ndef test_root(): assert False\ndef test_other(): pass\n"
    result = run(pytester, case, "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs root and network namespaces*"])


def test_outside_the_run_moves_into_a_sandbox(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def exec_inside(argv: list[str]) -> None:
        asked.append(argv)

    monkeypatch.setattr(sandbox, "inside", lambda: False)
    monkeypatch.setattr(sandbox, "exec_inside", exec_inside)
    run(pytester, "def test_it(): pass\n", "-k", "it", "test_case.py")
    (argv,) = asked
    assert argv[:3] == [sys.executable, "-m", "pytest"]
    assert argv[-3:] == ["-k", "it", "test_case.py"]
    run(pytester, "def test_it(): pass\n", "--collect-only")
    assert len(asked) == 1


def test_catalogue_and_project_are_where_the_plugin_looks() -> None:
    assert Path("testcases").resolve() == CATALOGUE.parent
