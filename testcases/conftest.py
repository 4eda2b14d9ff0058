"""Fixtures that only cases use."""

from __future__ import annotations

import pytest

from lab.cases import Capture, Testbed
from testcases.wire import Wire


@pytest.fixture
def wire(bed: Testbed, capture: Capture) -> Wire:
    """What was seen on the cables of the host under test."""
    return Wire(bed, capture)
