"""Runs of pytest with the plugin, in this process, on cases made for the purpose; no lab is built."""

from __future__ import annotations

import os

import pytest

import lab.cases  # noqa: F401  # once, here: the runs would each import all of it anew
from lab import sandbox

HEAD = "from lab.cases import behaviour, needs\n"
ID_A, ID_B, ID_C = "1.1.source-location", "1.1.kernel-config-option", "1.1.builtin-no-parameters"


@pytest.fixture(autouse=True)
def as_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs happen in this process: it must not exec, whoever we are."""
    monkeypatch.setattr(sandbox, "inside", lambda: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def run(pytester: pytest.Pytester, case: str, *arguments: str) -> pytest.RunResult:
    """What becomes of these cases, with these arguments of pytest."""
    pytester.makepyfile(test_case=HEAD + case)
    return pytester.runpytest_inprocess(
        "-p", "lab.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments
    )
