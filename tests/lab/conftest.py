"""Testbeds for the tests of the lab itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import topologies
from lab import sandbox
from lab.testbed import Testbed


@pytest.fixture(scope="session")
def in_sandbox() -> None:
    """The lab builds in a sandbox only."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/lab")


@pytest.fixture(scope="module")
def pair(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two hosts, four cables."""
    with Testbed.build(topologies.build("host_to_host"), tmp_path_factory.mktemp("pair")) as bed:
        yield bed


@pytest.fixture(scope="module")
def star(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """A host with four cables to a switch, two stations behind it."""
    with Testbed.build(topologies.build("single_switch"), tmp_path_factory.mktemp("star")) as bed:
        yield bed


@pytest.fixture
def run_dir(in_sandbox: None, tmp_path: Path) -> Path:
    """Where a testbed that the test builds itself may write."""
    return tmp_path
