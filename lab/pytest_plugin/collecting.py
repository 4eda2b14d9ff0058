"""Which case verifies which behaviours, and on which topologies it runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest

import topologies
from lab.availability import unavailable
from lab.behaviours import UnknownBehaviour, load
from lab.errors import LabError
from lab.needs import Needs, meant_for, why_not
from lab.pytest_plugin.options import options
from lab.topology import Topology
from lab.under_test import DriverName, as_tested

# Keys of `report.user_properties`, by which the controller of xdist hears of them.
BEHAVIOURS, TOPOLOGY = "bondlab.behaviours", "bondlab.topology"
DIFFERS = "bondlab.differs"
KNOWN = "bondlab.known"  # the case is expected to fail on this driver
BROKEN = "bondlab.broken"  # the lab failed, not the driver under test
MODES = "bondlab.modes"  # of the bonds that were made on the host under test


@dataclass(frozen=True, slots=True)
class Choice:
    """A topology to run a case on, or with `reason` why it cannot be shown there."""

    name: str
    reason: str | None = None


@cache
def built(name: str) -> Topology:
    """The topology of that name (frozen data, so once is enough)."""
    return topologies.build(name)


def choose(
    needs: Sequence[Needs], selected: Sequence[str] | None, driver: DriverName = "userspace"
) -> list[Choice]:
    """Each of the selected topologies, or when None the first, smallest one that has what is needed.

    Special ones that the case is not meant for are left out, unless no others are selected.
    """
    if selected is not None:
        selected = [name for name in selected if meant_for(needs, built(name))] or selected
        choices = [Choice(name, _why_not(needs, built(name), driver)) for name in selected]
        shown = next((choice.name for choice in choices if choice.reason is None), None)
        if any(need.once for need in needs) and shown:
            again = f"it is the same on every topology and is shown on {shown}"
            choices = [c if c.reason or c.name == shown else Choice(c.name, again) for c in choices]
        return choices
    for name in topologies.BUILDERS:
        if _why_not(needs, built(name), driver) is None:
            return [Choice(name)]
    reasons = "; ".join(f"{name}: {_why_not(needs, built(name), driver)}" for name in topologies.BUILDERS)
    return [Choice("none", f"no topology shows it: {reasons}")]


def _why_not(needs: Sequence[Needs], topology: Topology, driver: DriverName) -> str | None:
    """Why the case cannot be shown on the topology with that driver; None when it can."""
    return why_not(needs, topology) or unavailable(as_tested(topology, driver))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "behaviour(id, ...): the catalogue's behaviours that the case verifies"
    )
    config.addinivalue_line("markers", "needs(...): what a topology must have to show the case")
    config.addinivalue_line("markers", "root: needs root and network namespaces")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    try:
        behaviours_of(metafunc.definition)
        needs = _needs_of(metafunc.definition)
    except LabError as error:
        raise pytest.Collector.CollectError(f"{metafunc.definition.nodeid}: {error}") from error
    if "topology" not in metafunc.fixturenames or _names_its_own(metafunc.definition):
        return
    chosen = options(metafunc.config)
    choices = choose(needs, chosen.topologies, chosen.driver)
    metafunc.parametrize(
        "topology",
        [
            pytest.param(
                choice.name,
                id=choice.name,
                marks=pytest.mark.skip(reason=f"{choice.name}: {choice.reason}") if choice.reason else (),
            )
            for choice in choices
        ],
        indirect=True,
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the reports carry what the summary counts."""
    if ids := behaviours_of(item):
        item.user_properties.append((BEHAVIOURS, ids))
    if ids := marked_ids(item, "differs"):
        item.user_properties.append((DIFFERS, ids))
    callspec = getattr(item, "callspec", None)
    if callspec and isinstance(name := callspec.params.get("topology"), str):
        item.user_properties.append((TOPOLOGY, name))


def behaviours_of(node: pytest.Item) -> list[str]:
    """Ids of the behaviours which the item verifies. Raises UnknownBehaviour, LabError."""
    return marked_ids(node, "behaviour")


def marked_ids(node: pytest.Item, marker: str) -> list[str]:
    """Ids of the behaviours which the item's markers of that name list. Raises UnknownBehaviour, LabError."""
    ids: dict[str, None] = {}
    for mark in node.iter_markers(marker):
        if not mark.args or mark.kwargs or not all(isinstance(word, str) for word in mark.args):
            raise UnknownBehaviour(f'{marker} takes ids of the catalogue: @{marker}("2.mode.default", ...)')
        ids.update(dict.fromkeys(mark.args))
    for word in ids:
        load()[word]
    return list(ids)


def _names_its_own(node: pytest.Item) -> bool:
    """Whether the test says itself what its parameter `topology` is."""
    for mark in node.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs["argnames"]
        if "topology" in (re.split(r"[,\s]+", names) if isinstance(names, str) else names):
            return True
    return False


def _needs_of(node: pytest.Item) -> list[Needs]:
    needs = []
    for mark in node.iter_markers("needs"):
        try:
            needs.append(mark.args[0] if mark.args else Needs(**mark.kwargs))
        except TypeError as error:
            raise LabError(f"needs: {error}") from error
    return needs
