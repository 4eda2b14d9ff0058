"""The whole run happens in namespaces of its own: no lab touches the machine, nothing is left behind.

Without xdist the pytest process itself moves into a sandbox before it collects. With xdist its controller,
which runs no case, stays outside, and every worker gets a sandbox.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from lab import sandbox
from lab.errors import LabBroken
from lab.pytest_plugin.options import options

CASES = "testcases"  # everything in there needs a lab, and so root
_INFORMATIVE = (
    "help",
    "version",
    "markers",
    "showfixtures",
    "show_fixtures_per_test",
    "collectonly",
    "cacheshow",
)


# Not tryfirst: by now pytest-xdist has worked out from -n whether it distributes.
def pytest_cmdline_main(config: pytest.Config) -> None:
    options(config)  # refuse what is wrong with them before anything is set up
    if any(getattr(config.option, word, False) for word in _INFORMATIVE) or hasattr(config, "workerinput"):
        return
    if (stops := options(config).stops) and _distributes(config):
        raise pytest.UsageError(f"{' '.join(stops)}: workers have no terminal to stop at; leave out -n")
    if os.geteuid() != 0:
        if _wants_cases(config):
            raise pytest.UsageError(
                f"{CASES}/ run in network namespaces, which need root: run this with sudo, "
                "or only 'pytest tests/' (what needs root is skipped there)"
            )
        return
    if _distributes(config) or sandbox.inside():
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()  # the new process must inherit the real stdin, stdout and stderr
    try:
        sandbox.exec_inside([sys.executable, "-m", "pytest", *config.invocation_params.args])
    except LabBroken as broken:
        raise pytest.UsageError(str(broken)) from broken


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: labs wait more than they compute, so three workers share two cores."""
    cores = len(os.sched_getaffinity(0))
    return cores + cores // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: Sequence[Any]) -> None:
    """Start the workers through the sandbox: by words, not by a script that a kill would leave behind."""
    if os.geteuid() != 0:
        return
    for spec in specs:
        if spec.popen:
            spec.python = sandbox.python_inside()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `root` where it cannot run."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root and network namespaces"))


def _distributes(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "tx", None)) and getattr(config.option, "dist", "no") != "no"


def _wants_cases(config: pytest.Config) -> bool:
    """Whether an argument names the directory of cases or something in it."""
    cases = config.rootpath / CASES
    for argument in config.args:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if path == cases or cases in path.parents:
            return True
    return False
