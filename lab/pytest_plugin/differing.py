"""On a driver of today: what is known to differ from the HOWTO must differ.

A case of a behaviour that is listed in `testcases/known_differences.yaml` must fail there, by an assertion:
if it passes, or anything else goes wrong, that is a failure. What the driver does instead is shown by the
cases marked `differs`, which run there only.
"""

from __future__ import annotations

import pytest

from lab.differences import load
from lab.errors import LabError
from lab.pytest_plugin.collecting import KNOWN, behaviours_of, marked_ids
from lab.pytest_plugin.options import options

TODAY = "--driver=kernel or --era=6.x"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "differs(id, ...): shows what a present driver does in place of these behaviours"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Raises pytest.UsageError when a case says that something differs which is not listed."""
    today = options(config).era == "6.x"
    for item in items:
        instead_of = marked_ids(item, "differs")
        if instead_of and not today:
            item.add_marker(pytest.mark.skip(reason=f"shows what a driver of today does: {TODAY} only"))
        try:
            unlisted = [id for id in instead_of if id not in load()]
        except LabError as error:
            raise pytest.UsageError(str(error)) from error
        if unlisted:
            raise pytest.UsageError(f"{item.nodeid}: no known difference: {', '.join(unlisted)}")
        if today and not instead_of and (reasons := _reasons(item)):
            differs = pytest.mark.xfail(strict=True, raises=AssertionError, reason="; ".join(reasons))
            item.add_marker(differs)
            item.user_properties.append((KNOWN, True))


def _reasons(item: pytest.Item) -> list[str]:
    """What differs in this case, in words."""
    listed = [load()[id] for id in behaviours_of(item) if id in load()]
    return [f"{entry.id}: {entry.driver}" for entry in listed if entry.shows_in(item.name)]
