"""What a failing case leaves on disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from lab.pytest_plugin.failures import save
from lab.pytest_plugin.fixtures import Live


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
