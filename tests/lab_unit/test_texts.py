"""Behaviours that README, documents and source name are in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.behaviours import load

ROOT = Path(__file__).parents[2]
# Not tests/: they name ids that do not exist, on purpose.
PACKAGES = ("bondimpl", "lab", "topologies", "testcases")
TEXTS = ("README.md", "docs/**/*.md", *(f"{package}/**/*.py" for package in PACKAGES))
ID = re.compile(
    r"(?<![\w./-])\d{1,2}(?:\.\d{1,2}){0,2}\.(?:[a-z][a-z0-9_]*|802\.3ad)(?:[.-][a-z0-9_]+)+(?![\w/(:])"
)


def texts() -> Iterator[Path]:
    for pattern in TEXTS:
        yield from ROOT.glob(pattern)


def test_the_pattern_finds_ids() -> None:
    assert [id for id in load().by_id if not ID.fullmatch(id)] == ["13.1.redbooks"]


@pytest.mark.parametrize("path", sorted(texts()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_id_exists(path: Path) -> None:
    unknown = [id for id in ID.findall(path.read_text()) if id not in load().by_id]
    assert not unknown
