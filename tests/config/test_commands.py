"""bondctl check, export and explain, which need no bondd for files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bondimpl.cli.bondctl import main
from tests.config import samples


def write(directory: Path, files: dict[str, str]) -> str:
    """A directory with these files."""
    for name, text in files.items():
        (directory / name).write_text(text)
    return str(directory)


def test_check_says_what_would_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, samples.SYSCONFIG)]) == 0
    assert capsys.readouterr().out == "bond0: start boot, slaves: eth0 eth1\n"


def test_check_says_every_fault_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "alias bond0 bonding\noptions bond0 mode=9 miimon=x\nfrob\n"
    path = write(tmp_path, {"modprobe.conf": text})
    assert main(["check", path]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:3] for line in lines] == [
        [f"{path}/modprobe.conf:2", "options", "option mode"],
        [f"{path}/modprobe.conf:2", "options", "option miimon"],
        [f"{path}/modprobe.conf:3", "frob", "not a directive that is understood here"],
    ]


def test_a_file_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ifcfg-bond0").write_bytes(b"A=1\nB=\xff\n")
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/ifcfg-bond0:2: text: not UTF-8\n"


def test_two_dialects_need_a_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {**samples.SYSCONFIG, **samples.MANUAL})
    assert main(["check", path]) == 1
    assert "sysconfig and manual are both there" in capsys.readouterr().err
    assert main(["check", path, "--dialect", "manual"]) == 0


def test_what_is_exported_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, samples.SYSCONFIG)
    assert main(["export", path, "--as", "networkd", "--to", str(tmp_path / "made")]) == 0
    assert main(["check", str(tmp_path / "made")]) == 0
    assert capsys.readouterr().out == "bond0: start boot, slaves: eth0 eth1\n"


def test_a_dialect_that_cannot_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", write(tmp_path, samples.SYSCONFIG), "--as", "netplan"]) == 1
    assert capsys.readouterr().err == "bondctl: bond0: netplan cannot say a broadcast address\n"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("miimon", "Option of a bond, in the HOWTO:\n  miimon\n      MII link monitoring period"),
        ("num_unsol_na", "Option of a bond, since Linux 2.6.29:\n  num_grat_arp\n"),
        ("queue_id", "Option of a slave:\n  queue_id\n"),
        ("max_bonds", "Option of the driver, when it is loaded:\n  max_bonds\n"),
    ],
)
def test_explain(option: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", option]) == 0
    assert capsys.readouterr().out.startswith(said)


def test_explain_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "miimn"]) == 1
    assert capsys.readouterr().err == "bondctl: there is no option 'miimn'; did you mean miimon?\n"
