"""The catalogue: complete, well-formed, and helpful about ids it does not have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from lab.behaviours import MODES, CatalogueError, UnknownBehaviour, load, mode_asked_for

GOOD = """
- {id: 1.a.b, section: '1', says: s, given: g, when: w, then: t, within: none, modes: all, topology: none,
   kind: config, impairment: none, oracle: same, basis: stated}
"""


def test_the_catalogue_of_the_project() -> None:
    catalogue = load()
    assert len(catalogue) == 374
    assert all(entry.id.startswith(f"{entry.section}.") for entry in catalogue.by_id.values())
    assert all(entry.modes for entry in catalogue.by_id.values())


def test_each_has_a_case_or_the_reason_why_not() -> None:
    cases = Path(__file__).parents[2] / "testcases"
    named = {
        node.value
        for file in cases.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    without = yaml.safe_load((cases / "without_case.yaml").read_text())
    assert all(isinstance(reason, str) and reason for reason in without.values())
    assert {id for id in load().by_id if id not in named} == set(without)


def test_all_modes_are_spelled_out(tmp_path: Path) -> None:
    file = tmp_path / "behaviours.yaml"
    file.write_text(GOOD)
    assert load(file)["1.a.b"].modes == MODES


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"mode": "802.3ad"}, "802.3ad"),
        ({"mode": "6", "miimon": "100"}, "balance-alb"),
        ({"miimon": "1"}, "balance-rr"),
    ],
)
def test_the_mode_that_options_ask_for(options: dict[str, str], mode: str) -> None:
    assert mode_asked_for(options) == mode


def test_an_unknown_id_suggests_the_nearest() -> None:
    with pytest.raises(UnknownBehaviour, match=r"'1\.1\.source-locaton'.*mean '1\.1\.source-location'\?"):
        load()["1.1.source-locaton"]


def test_a_far_off_id_suggests_nothing_but_says_where_they_are() -> None:
    with pytest.raises(UnknownBehaviour) as caught:
        load()["17.link-flaps"]
    assert str(caught.value) == "no behaviour '17.link-flaps' in the catalogue, testcases/behaviours.yaml"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: config", "kind: confit", r"behaviours\.yaml: 1\.a\.b: kind: "),
        ("modes: all", "modes: [balance-rrr]", r"1\.a\.b: modes"),
        ("basis: stated", "basis: stated, colour: red", r"1\.a\.b: colour"),
        ("oracle: same", "oracle: maybe", r"1\.a\.b: oracle: .*must begin"),
        ("says: s, ", "", r"1\.a\.b: says: Field required"),
        ("id: 1.a.b, ", "", r"entry 0: id: Field required"),
        ("{id", "{{id", "cannot read the catalogue"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "behaviours.yaml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(CatalogueError, match=words):
        load(file)


def test_twice_the_same_id(tmp_path: Path) -> None:
    file = tmp_path / "behaviours.yaml"
    file.write_text(GOOD + GOOD)
    with pytest.raises(CatalogueError, match=r"listed twice: 1\.a\.b"):
        load(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot read"):
        load(tmp_path / "nowhere.yaml")


def test_not_a_list(tmp_path: Path) -> None:
    file = tmp_path / "behaviours.yaml"
    file.write_text("a: b")
    with pytest.raises(CatalogueError, match=r"behaviours\.yaml"):
        load(file)
