"""The samples of docs/configuration.md are what it says they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bondimpl.config import dialects

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
SAMPLES = {
    "sysconfig": "ifcfg-bond0",
    "manual": "boot.local",
    "modprobe": "modprobe.conf",
    "ifupdown": "interfaces",
    "netplan": "bonds.yaml",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_is_of_its_dialect(name: str) -> None:
    match = re.search(rf"^## {name}.*?^```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert match
    bonds = dialects.read({SAMPLES[name]: match[1]}).bonds
    assert bonds[0].name == "bond0"
    assert dict(bonds[0].options)["miimon"] == "100"
    assert len(bonds[0].slaves) == (0 if name == "modprobe" else 2)
