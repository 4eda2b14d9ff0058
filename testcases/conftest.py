"""Fixtures that only cases use."""

from __future__ import annotations

import pytest

from lab.cases import Capture, Testbed
from lab.pytest_plugin.options import options
from lab.under_test import timers
from testcases import bounds
from testcases.wire import Wire


@pytest.fixture(scope="session", autouse=True)
def _timers(pytestconfig: pytest.Config) -> None:
    """What is said in ms holds by the clock of the driver under test."""
    bounds.let_timers_last(timers(options(pytestconfig).driver))


@pytest.fixture
def wire(bed: Testbed, capture: Capture) -> Wire:
    """What was seen on the cables of the host under test."""
    return Wire(bed, capture)
