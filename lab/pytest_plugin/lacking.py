"""A case that asks for what the driver under test does not have is skipped, with the reason.

bondimpl has all there is: where that is the driver under test, it is a failure.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from lab.errors import DriverLacks
from lab.pytest_plugin.options import options


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipping(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipping(item))


def _skipping(item: pytest.Item) -> Generator[None, None, None]:
    try:
        return (yield)
    except DriverLacks as lacks:
        if options(item.config).driver == "userspace":
            raise
        pytest.skip(f"not runnable: {lacks}")
