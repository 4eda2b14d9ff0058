"""The rules of the eras, and the page that tells of them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from bondimpl.era import HOWTO, SIX, Era

PAGE = Path(__file__).parents[2] / "docs" / "eras.md"
RULES = {field.name for field in fields(Era)} - {"name"}


def test_each_rule_has_its_row() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.M)) == RULES


def test_each_rule_tells_the_eras_apart() -> None:
    assert [rule for rule in RULES if getattr(HOWTO, rule) == getattr(SIX, rule)] == []
