"""A failing case stops with its lab alive: --keep-on-fail, --pause-on-fail, --cli-on-fail."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bondimpl.runtime.control import SOCKET_VARIABLE
from lab.prompt import talk
from lab.pytest_plugin.fixtures import Live
from lab.pytest_plugin.options import options
from lab.rundir import run_directory


def how_to_enter(live: Live) -> str:
    """Commands, for another terminal of the machine, that lead into the namespaces of the lab.

    The programs of the project are there, and on a host with a daemon they speak to that one.
    """
    run = run_directory()
    owner = (run / "owner").read_text().split()[0]
    # The process ids of the nodes are those inside the sandbox: enter that first.
    into = f"nsenter -t $(pgrep -P {owner}) -m -n -p"
    sockets = _sockets(live)
    guests = {host.name for host in live.bed.topology.hosts if host.kind == "uml"}
    lines = [
        f"lab {live.bed.topology.name} of run {run.name}, files in {live.bed.run_dir}; enter it as root with"
    ]
    for name, node in sorted(live.bed.net.nameToNode.items()):
        settings = [f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"]
        if name in sockets:
            settings.append(f"{SOCKET_VARIABLE}={shlex.quote(sockets[name])}")
        outside = "  # around the guest, not in it" if name in guests else ""
        lines.append(f"  {name:<10} {into} mnexec -a {node.pid} env {' '.join(settings)} bash{outside}")
    return "\n".join(lines)


def _sockets(live: Live) -> Mapping[str, str]:
    """Where each daemon listens, by host."""
    return live.drivers.userspace.sockets if live.drivers else {}


def keep(item: pytest.Item, live: Live, failure: str, directory: Path) -> None:
    """Print the failure, and stop as the options say.

    With --keep-on-fail how to enter the lab is said, too. It and --pause-on-fail wait for Enter, and without
    a terminal go on; --cli-on-fail takes commands from the terminal or a pipe to their end.
    """
    asked_for = options(item.config)
    reporter = item.config.pluginmanager.getplugin("terminalreporter")
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if reporter is None:
        return
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        reporter.ensure_newline()
        reporter.section(f"kept: {item.nodeid}")
        reporter.line(failure)
        if asked_for.keep_on_fail:
            reporter.line("")
            reporter.line(how_to_enter(live))
        reporter.line(f"artifacts are in {directory}")
        if asked_for.cli_on_fail:
            reporter.line("Mininet's command line; 'exit' ends this lab and goes on")
            talk(live.bed, _sockets(live))
        elif sys.stdin is not None and sys.stdin.isatty():
            input("Enter ends this lab and goes on: ")
        else:
            reporter.line("no terminal to wait at: the lab ends now, the artifacts stay")
    finally:
        if capture is not None:
            capture.resume_global_capture()  # stdin's, too
            capture.suspend_global_capture()  # as it was: between the phases of a case nothing is captured
