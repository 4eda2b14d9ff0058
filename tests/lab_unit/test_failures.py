"""What a failing case leaves on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lab.pytest_plugin.failures import SHORT, in_short, save
from lab.pytest_plugin.fixtures import Live, case_name


class FakeCapture:
    """Writes one file."""

    def settle(self) -> None:
        """Nothing is under way."""

    def write_pcaps(self, directory: Path) -> None:
        directory.mkdir()
        (directory / "host1.eth0.pcap").touch()


def test_runs_that_fail_in_the_same_case_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    (tmp_path / "bed" / "processes").mkdir(parents=True)
    (tmp_path / "bed" / "processes" / "bondd.log").touch()
    bed = SimpleNamespace(run_dir=str(tmp_path / "bed"))
    live = cast(Live, SimpleNamespace(bed=bed, capture=FakeCapture()))
    directory = tmp_path / "artifacts" / "case"
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda _: save(live, {"timeline": "text"}, directory), range(200)))
    assert told == {str(directory)}
    assert {path.name for path in directory.rglob("*") if path.is_file()} == {
        "timeline.txt",
        "host1.eth0.pcap",
        "bondd.log",
    }


def test_the_last_line_of_a_file_ends(tmp_path: Path) -> None:
    live = cast(Live, SimpleNamespace(bed=SimpleNamespace(run_dir=str(tmp_path)), capture=FakeCapture()))
    save(live, {"host1 bond0 log": "one\ntwo", "timeline": "text\n"}, tmp_path / "artifacts" / "case")
    written = {path.name: path.read_text() for path in (tmp_path / "artifacts" / "case").glob("*.txt")}
    assert written == {"host1-bond0-log.txt": "one\ntwo\n", "timeline.txt": "text\n"}


def test_the_directory_of_a_case_has_no_colon() -> None:
    item = SimpleNamespace(path=Path("a/test_it.py"), name="test_x[mode=1-bladecenter:esm]")
    assert case_name(cast(pytest.Item, item)) == "test_it-test_x_mode=1-bladecenter_esm"


def refuse(text: str) -> None:
    raise ValueError(text)


def test_in_short_is_the_line_of_the_case_and_the_error() -> None:
    here = Path(__file__)
    with pytest.raises(ValueError, match="Expecting value") as caught:
        json.loads("no")
    line = caught.traceback[0].lineno + 1
    told = in_short(here, caught, here.parents[1])
    assert told == f"lab_unit/test_failures.py:{line}: JSONDecodeError: {caught.value}"
    assert in_short(here, caught, here.parent / "elsewhere").startswith(f"{here}:{line}: ")


def test_in_short_is_short() -> None:
    with pytest.raises(ValueError, match="line") as caught:
        refuse("line\n" * 40)
    lines = in_short(Path(__file__), caught, Path("/")).splitlines()
    assert (len(lines), lines[-1]) == (SHORT + 1, "...")
