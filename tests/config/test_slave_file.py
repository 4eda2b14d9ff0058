"""The file of a slave, made of the one for DHCP (HOWTO section 3.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bondimpl.cli.bondctl import main
from bondimpl.config.faults import ConfigError
from bondimpl.config.slave_file import slave_file

HEAD = "BOOTPROTO='none'\nSTARTMODE='off'\n"
DHCP = "BOOTPROTO='dhcp'\nSTARTMODE='on'\nUSERCTL='no'\nUNIQUE='X.W+4'\n_nm_name='bus:61'\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (DHCP, "UNIQUE='X.W+4'\n_nm_name='bus:61'\n"),
        (
            '_nm_name=bus:61\nMTU=1400\nUNIQUE="X.W+4"   # made\n',
            'UNIQUE="X.W+4"   # made\n_nm_name=bus:61\n',
        ),
        ("# UNIQUE=no\n  UNIQUE=X.W+4", "  UNIQUE=X.W+4\n"),
        ("", ""),
    ],
)
def test_four_keys_remain_two_of_them_untouched(text: str, kept: str) -> None:
    assert slave_file("f", text) == HEAD + kept
    assert slave_file("f", HEAD + kept) == HEAD + kept


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("MTU=1\nfrob\n", "f:2: frob: not a line KEY=value"),
        ("UNIQUE=X\nUNIQUE=Y\n", "f:2: UNIQUE: given twice, first on line 1"),
        (
            "BONDING_MASTER=yes\nMTU=1\n",
            "f:1: BONDING_MASTER: not in the file of a NIC that is to be a slave",
        ),
        ("ETHERDEVICE=bond0\n", "f:1: ETHERDEVICE: not in the file of a NIC that is to be a slave"),
        ("MTU=1\nUNIQUE=X\\\nY\n", "f:2: UNIQUE: goes on in another line; write it in one"),
    ],
)
def test_what_is_no_such_file_is_told_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as error:
        slave_file("f", text)
    assert str(error.value) == fault


def test_it_is_shown_or_changed_in_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ifcfg-id-00:00:5e:00:53:01"
    file.write_text(DHCP)
    assert main(["slave-file", str(file)]) == 0
    shown = capsys.readouterr().out
    assert file.read_text() == DHCP
    assert main(["slave-file", "--in-place", str(file)]) == 0
    assert file.read_text() == shown == slave_file("f", DHCP)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_in_place_keeps_owner_mode_and_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(DHCP)
    (tmp_path / "real").chmod(0o600)
    link = tmp_path / "ifcfg-id-00:00:5e:00:53:01"
    link.symlink_to("real")
    assert main(["slave-file", "--in-place", str(link)]) == 0
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == slave_file("f", DHCP)
    assert (tmp_path / "real").stat().st_mode & 0o7777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [link.name, "real"]


def test_a_faulty_file_is_not_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ifcfg-id-00:00:5e:00:53:01"
    file.write_text("frob\n")
    assert main(["slave-file", "--in-place", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}:1: frob: not a line KEY=value\n"
    assert file.read_text() == "frob\n"
    assert main(["slave-file", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err
