"""What a failing case leaves: sections of its report, artifacts and, on request, the lab itself."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from lab.errors import DriverDied, LabBroken, LabError
from lab.pytest_plugin.collecting import BROKEN
from lab.pytest_plugin.fixtures import LIVE, Live, case_name
from lab.pytest_plugin.keeping import keep
from lab.pytest_plugin.options import options

ARTIFACTS = "artifacts"
SHORT = 12
"""Lines of a failure in short."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo and call.excinfo.errisinstance((LabBroken, DriverDied)):
        if hasattr(report, "wasxfail"):  # neither is the failure that a case may expect
            del report.wasxfail
            report.outcome = "failed"
        if call.excinfo.errisinstance(LabBroken):
            report.user_properties.append((BROKEN, str(call.excinfo.value)))
    if report.failed and LIVE in item.stash:
        live = item.stash[LIVE]
        texts = describe(live)
        report.sections += [(title, text) for title, text in texts.items() if text]
        root = item.config.rootpath
        directory = root / ARTIFACTS / case_name(item)
        report.sections.append(("artifacts", save(live, texts, directory)))
        # Last, where one looks first: the texts above fill the screen.
        failure = in_short(item.path, call.excinfo, root) if call.excinfo else report.longreprtext
        report.sections.append(("in short", failure))
        if options(item.config).keep_on_fail:
            keep(item, live, failure, directory)
    return report


def describe(live: Live) -> dict[str, str]:
    """Title and text of all that can be told of the lab at this moment."""
    texts = {"timeline": live.bed.timeline.render(live.moments)}
    for bond in live.bonds:
        where = f"{bond.host.name} {bond.name}"
        texts[f"{where} status"] = _told(bond.proc_text)
        texts[f"{where} log"] = _told(bond.log)
    return texts


def in_short(case: Path, error: pytest.ExceptionInfo[BaseException], root: Path) -> str:
    """Where in the file of the case it failed, and the error's own words: at most SHORT lines."""
    entries = [entry for entry in error.traceback if Path(str(entry.path)) == case]
    entry = entries[-1] if entries else error.traceback[-1]
    path = Path(str(entry.path))
    where = path.relative_to(root) if path.is_relative_to(root) else path
    name = type(error.value).__name__
    words = f"{where}:{entry.lineno + 1}: {name}: {error.value}".splitlines()
    return "\n".join([*words[:SHORT], "..."] if len(words) > SHORT else words)


def _told(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except LabError as error:
        return f"(cannot be told: {error})"


def save(live: Live, texts: dict[str, str], directory: Path) -> str:
    """Write all that is known of the lab to `directory`, in place of what is there; where it is, in words.

    Another run in this tree may fail in the same case at the same time: the later one's files stay.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.exists():
            shutil.rmtree(directory)
        directory.mkdir()
        for title, text in texts.items():
            ended = text if text.endswith("\n") else f"{text}\n"
            (directory / f"{title.replace(' ', '-')}.txt").write_text(ended)
        live.capture.settle()
        live.capture.write_pcaps(directory / "pcap")
        processes = Path(live.bed.run_dir) / "processes"
        if processes.is_dir():
            shutil.copytree(processes, directory / "processes")
    except (LabError, OSError) as error:
        return f"{directory} (incomplete: {error})"
    finally:
        os.close(lock)
    return str(directory)
