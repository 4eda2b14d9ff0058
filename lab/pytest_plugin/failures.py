"""What a failing case leaves: sections of its report, artifacts and, on request, the lab itself."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import pytest

from lab.errors import DriverDied, LabBroken, LabError
from lab.evidence import evidence
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
        files = {**evidence(live.bed), "run.json": about(item)}
        report.sections.append(("artifacts", save(live, texts, directory, files)))
        # Last, where one looks first: the texts above fill the screen.
        failure = in_short(item.path, call.excinfo, root) if call.excinfo else report.longreprtext
        report.sections.append(("in short", failure))
        if options(item.config).stops:
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


def about(item: pytest.Item) -> str:
    """What one needs to run the case again just so, as JSON.

    Its `properties` are what it noted with `record_property`: the `seed` of what it leaves to chance.
    """
    chosen = options(item.config)
    facts = {
        "case": item.nodeid,
        "arguments": [str(argument) for argument in item.config.invocation_params.args],
        "driver": chosen.driver,
        "era": chosen.era,
        "properties": [[name, str(value)] for name, value in item.user_properties],
        "hash seed": os.environ.get("PYTHONHASHSEED", "random"),
        "worker": os.environ.get("PYTEST_XDIST_WORKER", "none"),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    return json.dumps(facts, indent=2)


def save(live: Live, texts: dict[str, str], directory: Path, files: Mapping[str, str] | None = None) -> str:
    """Write all that is known of the lab to `directory`, in place of what is there; where it is, in words.

    `texts` go to files named by their titles, `files` to those of their names.

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
        for name, text in (files or {}).items():
            (directory / name).write_text(text)
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
