"""What is known to differ on drivers of today: expected there, shown by cases of its own, nowhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lab import differences
from lab.pytest_plugin import differing
from tests.lab_unit.plugin_runs import ID_A, ID_B, ID_C, as_in_a_sandbox, run

__all__ = ["as_in_a_sandbox"]
pytest_plugins = ("pytester",)

LISTED = f"""
- id: {ID_A}
  howto: three
  driver: four
  since: '4.0'
  proof: count them
- id: {ID_B}
  howto: always
  driver: not in broadcast
  since: '4.0'
  proof: look
  cases: ['*broadcast*']
"""
CASES = f"""
import pytest
from lab.cases import differs

@behaviour("{ID_A}")
def test_three(): assert DRIVER_COUNTS == 3

@differs("{ID_A}")
def test_four(): assert DRIVER_COUNTS == 4

@behaviour("{ID_B}")
@pytest.mark.parametrize("mode", ["broadcast", "balance-rr"])
def test_always(mode): assert DRIVER_COUNTS == 3 or mode != "broadcast"

@behaviour("{ID_C}")
def test_same(): pass
"""
TODAY, HOWTO = "DRIVER_COUNTS = 4\n", "DRIVER_COUNTS = 3\n"


@pytest.fixture(autouse=True)
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "differences.yaml"
    file.write_text(LISTED)
    monkeypatch.setattr(differing, "load", lambda: differences.load(file))


def outcomes(pytester: pytest.Pytester) -> dict[str, str]:
    written = json.loads((pytester.path / "b.json").read_text())
    return {id: told["outcome"] for id, told in written["behaviours"].items()}


@pytest.mark.parametrize("option", ["--era=6.x", "--driver=kernel"])
def test_a_driver_of_today(pytester: pytest.Pytester, option: str) -> None:
    run(pytester, TODAY + CASES, option, "--behaviours-json=b.json").assert_outcomes(passed=3, xfailed=2)
    assert outcomes(pytester) == {ID_A: "known difference", ID_B: "known difference", ID_C: "verified"}


def test_a_difference_that_does_not_show_is_a_failure(pytester: pytest.Pytester) -> None:
    result = run(pytester, HOWTO + CASES, "--era=6.x", "--behaviours-json=b.json")
    result.assert_outcomes(passed=2, failed=3)
    assert outcomes(pytester) == {ID_A: "failed", ID_B: "failed", ID_C: "verified"}


def test_only_an_assertion_shows_a_difference(pytester: pytest.Pytester) -> None:
    case = f'@behaviour("{ID_A}")\ndef test_x(): raise NameError("a slip of the pen")\n'
    run(pytester, case, "--era=6.x").assert_outcomes(failed=1)


def test_the_howtos_driver(pytester: pytest.Pytester) -> None:
    result = run(pytester, HOWTO + CASES, "--behaviours-json=b.json", "-rs")
    result.assert_outcomes(passed=4, skipped=1)
    result.stdout.fnmatch_lines(["*shows what a driver of today does: --driver=kernel or --era=6.x only*"])
    assert outcomes(pytester) == {ID_A: "verified", ID_B: "verified", ID_C: "verified"}


def test_what_is_not_listed_does_not_differ(pytester: pytest.Pytester) -> None:
    case = f'from lab.cases import differs\n@differs("{ID_C}")\ndef test_x(): pass\n'
    result = run(pytester, case)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_case.py::test_x: no known difference: {ID_C}*"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LISTED.replace("howto: three", "howto: ''"), f"{ID_A}: howto: String should have at least 1"),
        (
            LISTED.replace("proof: look", "rule: no_such\n  proof: look"),
            "'no_such' is no rule of bondimpl/era",
        ),
        (LISTED.replace(ID_A, "9.no.such"), "no behaviour '9.no.such' in the catalogue"),
        (LISTED.replace(ID_A, ID_B), f"listed twice: {ID_B}"),
        ("- {", "cannot read the known differences"),
    ],
)
def test_a_bad_list_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(differences.DifferencesError, match=words.replace("(", r"\(")):
        differences.load(file)


def test_each_difference_of_the_project_has_a_case_that_shows_it() -> None:
    cases = "".join(path.read_text() for path in differences.FILE.parent.rglob("test_today_*.py"))
    shown = {id for ids in re.findall(r"@differs\(([^)]*)\)", cases) for id in re.findall(r'"([^"]+)"', ids)}
    assert shown == set(differences.load())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--era=5.x",), "no such era; there are: howto, 6.x"),
        (("--driver=windows",), "no such driver; there are: userspace, kernel, ovs, team"),
        (("--driver=kernel", "--era=howto"), "the kernel's driver has the behaviour of 6.x"),
    ],
)
def test_bad_options(pytester: pytest.Pytester, arguments: tuple[str, ...], words: str) -> None:
    result = run(pytester, "def test_x(): pass\n", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{words}*"])
