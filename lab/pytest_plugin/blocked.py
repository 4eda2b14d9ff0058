"""A broken lab says nothing of the driver: such a case is BLOCKED, not failed.

A run in which cases were blocked and none failed ends with EXIT_BLOCKED.
"""

from __future__ import annotations

import pytest

from lab.pytest_plugin.collecting import BROKEN

CATEGORY = "blocked"
EXIT_BLOCKED = 6
"""pytest's own exit codes end at 5."""


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return (CATEGORY, "B", "BLOCKED") if is_blocked(report) else None


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports(CATEGORY):
        terminalreporter.section(f"BLOCKED: {report.nodeid} ({report.when})", sep="_", red=True, bold=True)
        report.toterminal(terminalreporter._tw)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or session.exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    if reporter.stats.get(CATEGORY) and not (reporter.stats.get("failed") or reporter.stats.get("error")):
        session.exitstatus = EXIT_BLOCKED


def is_blocked(report: object) -> bool:
    """Whether it is the report of a case whose lab was broken."""
    return (
        isinstance(report, pytest.TestReport)
        and report.failed
        and any(name == BROKEN for name, _ in report.user_properties)
    )
