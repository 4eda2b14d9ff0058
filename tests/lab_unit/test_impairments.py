"""docs/impairments.md has every impairment, and what it names exists."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from lab import faults, switch_faults
from lab.behaviours import load
from lab.faults import Fault

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs/impairments.md").read_text()
WORDS, BESIDES = TEXT.split("## Besides")
TESTS = sorted(set(re.findall(r"`((?:tests|testcases)/[\w/]+\.py)::(\w+)`", TEXT)))
CLASSES = sorted(set(re.findall(r"`(lab\.\w+)\.(\w+)`", TEXT)))


def rows(table: str) -> dict[str, list[str]]:
    """The cells of each row, by the first one."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in lines}


def test_every_word_of_the_catalogue_is_there_and_no_other() -> None:
    used = {behaviour.impairment for behaviour in load().by_id.values()}
    assert set(rows(WORDS)) == used
    assert "cable_pull" in used


def test_every_row_is_whole() -> None:
    for cells in rows(WORDS).values():
        assert len(cells) == 5, cells
        assert all(cells), cells
        assert "::" in cells[4], cells
    for cells in rows(BESIDES).values():
        assert len(cells) == 3, cells
        assert "::" in cells[2], cells


def test_every_fault_of_the_lab_is_there() -> None:
    there = {
        f"{module.__name__}.{name}"
        for module in (faults, switch_faults)
        for name, it in vars(module).items()
        if isinstance(it, type)
        and issubclass(it, Fault)
        and it is not Fault
        and it.__module__.startswith(module.__name__)
    }
    assert there <= {f"{module}.{name}" for module, name in CLASSES}


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_every_class_exists(module: str, name: str) -> None:
    assert issubclass(getattr(import_module(module), name), Fault)


@pytest.mark.parametrize(("path", "test"), TESTS)
def test_every_test_exists(path: str, test: str) -> None:
    tree = ast.parse((PROJECT / path).read_text())
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
