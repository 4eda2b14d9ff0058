"""Which dialect a system's scripts speak (HOWTO section 3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bondimpl.cli.bondctl import main

IFUP = "sbin/ifup"


@pytest.fixture
def query(tmp_path: Path) -> Path:
    """A program that answers as rpm does, by a file of the root."""
    program = tmp_path / "query"
    program.write_text(
        '#!/bin/sh\n[ "$1 $3 $4" = "--root -qf /sbin/ifup" ] || exit 9\n'
        '[ -e "$2/$4" ] || { echo "error: file $4: No such file" >&2; exit 1; }\ncat "$2/owner"\n'
    )
    program.chmod(0o755)
    return program


def root_of(directory: Path, owner: str, ifup: str) -> str:
    """A system with that script, which is of that package."""
    (directory / "sbin").mkdir()
    (directory / IFUP).write_bytes(ifup.encode("latin-1"))
    (directory / "owner").write_text(owner)
    return str(directory)


@pytest.mark.parametrize(
    ("owner", "ifup", "bonding", "dialect"),
    [
        ("initscripts-7.31.9.EL-1\n", "exec /sbin/ifenslave $MASTER", True, "initscripts"),
        ("sysconfig-0.31.0-15.29\n", "ifenslave\n", True, "sysconfig"),
        ("sysconfig-0.23.14-60\n", "# caf\xe9\nifconfig $1 up\n", False, "manual"),
    ],
)
def test_package_and_script_tell(
    owner: str,
    ifup: str,
    bonding: bool,
    dialect: str,
    tmp_path: Path,
    query: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["detect", "--query", str(query), root_of(tmp_path, owner, ifup)]
    assert main([*words, "--json"]) == 0
    found = {"package": owner.strip(), "bonding": bonding, "dialect": dialect}
    assert json.loads(capsys.readouterr().out) == found
    assert main(words) == 0
    support = "supported" if bonding else "not supported"
    assert capsys.readouterr().out == f"package: {owner.strip()}\nbonding: {support}\ndialect: {dialect}\n"


def test_another_package(tmp_path: Path, query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = root_of(tmp_path, "ifupdown2-3.0\n", "ifenslave")
    assert main(["detect", "--query", str(query), root]) == 1
    said = capsys.readouterr().err
    assert said == f"bondctl: ifupdown2-3.0 owns {root}/{IFUP}: neither initscripts nor sysconfig\n"


def test_no_answer(tmp_path: Path, query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "--query", str(query), str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("error: file /sbin/ifup: No such file\n")
    assert main(["detect", "--query", str(tmp_path / "none"), str(tmp_path)]) == 1
    assert "No such file or directory" in capsys.readouterr().err
