"""What a failing case leaves: sections of its report, artifacts and, on request, the lab itself."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from lab.errors import DriverDied, LabBroken, LabError
from lab.pytest_plugin.collecting import BROKEN
from lab.pytest_plugin.fixtures import LIVE, Live, case_name
from lab.pytest_plugin.options import options
from lab.rundir import run_directory

ARTIFACTS = "artifacts"


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
        directory = item.config.rootpath / ARTIFACTS / case_name(item)
        report.sections.append(("artifacts", save(live, texts, directory)))
        if options(item.config).keep_on_fail:
            _keep(item, live, directory)
    return report


def describe(live: Live) -> dict[str, str]:
    """Title and text of all that can be told of the lab at this moment."""
    texts = {"timeline": live.bed.timeline.render()}
    for bond in live.driver.bonds if live.driver else ():
        where = f"{bond.host.name} {bond.name}"
        texts[f"{where} status"] = _told(bond.proc_text)
        texts[f"{where} log"] = _told(bond.log)
    return texts


def how_to_enter(live: Live) -> str:
    """Commands, for another terminal of the machine, that lead into the namespaces of the lab."""
    run = run_directory()
    owner = (run / "owner").read_text().split()[0]
    # The process ids of the nodes are those inside the sandbox: enter that first.
    into = f"nsenter -t $(pgrep -P {owner}) -m -n -p"
    pids = {name: node.pid for name, node in sorted(live.bed.net.nameToNode.items())}
    lines = [
        f"lab {live.bed.topology.name} of run {run.name}, files in {live.bed.run_dir}; enter it as root with"
    ]
    lines += [f"  {name:<10} {into} mnexec -a {pid} bash" for name, pid in pids.items()]
    return "\n".join(lines)


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
            (directory / f"{title.replace(' ', '-')}.txt").write_text(text)
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


def _keep(item: pytest.Item, live: Live, directory: Path) -> None:
    """Print how to enter the lab; with a terminal wait for Enter, without one only the artifacts stay."""
    reporter = item.config.pluginmanager.getplugin("terminalreporter")
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if reporter is None:  # a worker of pytest-xdist has no terminal: the artifacts must do
        return
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        reporter.ensure_newline()
        reporter.section(f"kept: {item.nodeid}")
        reporter.line(how_to_enter(live))
        reporter.line(f"artifacts are in {directory}")
        if sys.stdin is not None and sys.stdin.isatty():
            input("Enter ends this lab and goes on: ")
        else:
            reporter.line("no terminal to wait at: the lab ends now, the artifacts stay")
    finally:
        if capture is not None:
            capture.resume_global_capture()
