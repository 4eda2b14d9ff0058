"""The plugin, run on cases made for the purpose; no lab is built."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import topologies
from lab import sandbox
from lab.behaviours import CATALOGUE
from tests.lab_unit.plugin_runs import ID_A, as_in_a_sandbox, run

__all__ = ["as_in_a_sandbox"]
pytest_plugins = ("pytester",)


def test_an_unknown_behaviour_is_a_collection_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@behaviour('1.1.source-locaton')\ndef test_it(): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*::test_it: no behaviour '1.1.source-locaton' in the catalogue, testcases/behaviours.yaml; did*"]
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
    general = [name for name in topologies.BUILDERS if not topologies.build(name).only_for]
    result.assert_outcomes(passed=1, skipped=len(general) - 1)
    result.stdout.fnmatch_lines(
        ["*bladecenter:esm: it is the same on every topology and is shown on single*"]
    )
    run(pytester, case.format("bladecenter:opm"), "--topo=bladecenter").assert_outcomes(passed=1, skipped=2)
    run(pytester, case.format("single_switch")).assert_outcomes(passed=1)


def test_a_special_topology_shows_only_cases_that_ask_for_it(pytester: pytest.Pytester) -> None:
    case = "@needs(traits=('lacp',))\ndef test_special(topology): pass\ndef test_general(topology): pass\n"
    result = run(pytester, case, "--topo=single_switch,lacp_switch:ovs", "-v")
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.no_fnmatch_line("*test_general[[]lacp_switch:ovs[]]*")
    result = run(pytester, case, "--topo=lacp_switch:ovs", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*lacp_switch:ovs: is only for cases that need lacp*"])


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


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--topo=nonsense", "--topo=nonsense: no topology 'nonsense'; there are: host_to_host, *"),
        ("--driver=windows", "--driver=windows: no such driver; there are: userspace, kernel, ovs, team"),
        ("--topo=nonsense", "* all variants: bladecenter, lacp_switch; all there are: all"),
        ("--lab=rack.yaml", "--lab=rack.yaml: physical labs are not built yet*"),
        ("--pcap-dir=file/pcaps", "--pcap-dir=file/pcaps: Not a directory"),
        ("--pcap-dir=file", "--pcap-dir=file: File exists"),
        ("--behaviours-json=out/b.json", "--behaviours-json=out/b.json: there is no directory out"),
        ("--behaviours-json=file/b.json", "--behaviours-json=file/b.json: there is no directory file"),
        ("--behaviours-json=.", "--behaviours-json=.: is not a file"),
        ("--behaviours-json=/proc/self/comm/b", "--behaviours-json=/proc/self/comm/b: there is no dir*"),
    ],
)
def test_wrong_options_are_one_line(pytester: pytest.Pytester, argument: str, words: str) -> None:
    (pytester.path / "file").touch()
    result = run(pytester, "def test_it(): pass\n", argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}"])
    assert len(result.stderr.str().strip().splitlines()) == 1


@pytest.mark.parametrize("argument", ["--pcap-dir=there", "--behaviours-json=there/b.json"])
def test_where_nothing_can_be_written_is_said_at_the_start(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    there = pytester.mkdir("there")
    # Root may write everywhere, but on a file system that is mounted for reading.
    monkeypatch.setattr(os, "access", lambda path, _how: Path(path).absolute() != there)
    result = run(pytester, "def test_it(): pass\n", argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {argument}: there cannot be written to"])


def test_the_directory_of_captures_is_made(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(): pass\n", "--pcap-dir=a/b").assert_outcomes(passed=1)
    assert (pytester.path / "a" / "b").is_dir()


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
