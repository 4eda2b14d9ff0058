"""`bondlab doctor` on the machine as it is."""

from __future__ import annotations

import json

import pytest

from tests.lab_live.commands import bondlab


def test_where_tests_run_a_lab_can_be_built() -> None:
    done = bondlab("doctor", "--json")
    told = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0, told
    basic = ("root", "namespaces", "TAP devices", "programs", "Mininet", "patch panel")
    assert [told[what]["state"] for what in basic] == ["ok"] * len(basic)
    assert all(finding["remedy"] for finding in told.values() if finding["state"] != "ok")


def test_a_missing_program_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab_live.commands.plain", lambda: {"PATH": "/nowhere"})
    done = bondlab("doctor")
    assert done.returncode == 1
    assert "no ip, tc, nft" in " ".join(done.stdout.split())
    assert "setup.sh" in done.stdout
