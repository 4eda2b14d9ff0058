"""The modules that setup.sh loads: on machines with a kernel of their own, and only those that there are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.vagrant.told import ROOT

pytestmark = pytest.mark.root

# Where it would write belongs to this test, and what it would call is told by the test.
SCRIPT = r"""
set -e
mkdir -p "$work/modprobe.d" "$work/modules-load.d" /etc/modprobe.d /etc/modules-load.d
mount --bind "$work/modprobe.d" /etc/modprobe.d
mount --bind "$work/modules-load.d" /etc/modules-load.d
source "$work/setup.sh"
LOG=$work/log
in_container() { [[ $where == container ]]; }
modprobe() {
    case "$*" in
    '--show-depends bonding') echo 'insmod /lib/modules/bonding.ko' ;;
    '--show-depends openvswitch') echo 'builtin openvswitch' ;;
    '--show-depends '*) return 1 ;;
    *) echo "$*" >>"$work/loaded" && ! grep -qx "$*" "$work/refused" ;;
    esac
}
load_modules
"""


def _load(work: Path, where: str) -> str:
    text = (ROOT / "setup.sh").read_text().replace('readonly LOG="$ROOT/.setup.log"\n', "")
    assert text.endswith('main "$@"\n')
    (work / "setup.sh").write_text(text.removesuffix('main "$@"\n'))
    (work / "refused").touch()
    argv = ["unshare", "--mount", "env", f"work={work}", f"where={where}", "bash", "-c", SCRIPT]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout


def test_those_that_are_modules_are_loaded_now_and_at_each_boot(tmp_path: Path) -> None:
    assert _load(tmp_path, "machine") == "setup: loading the kernel's module bonding\n"
    assert (tmp_path / "loaded").read_text() == "bonding\n"
    assert (tmp_path / "modules-load.d" / "bondlab.conf").read_text() == "bonding\n"
    assert (tmp_path / "modprobe.d" / "bondlab.conf").read_text() == "options bonding max_bonds=0\n"


def test_what_is_written_already_is_not_written_again(tmp_path: Path) -> None:
    _load(tmp_path, "machine")
    written = [tmp_path / place / "bondlab.conf" for place in ("modprobe.d", "modules-load.d")]
    before = [file.stat().st_mtime_ns for file in written]
    _load(tmp_path, "machine")
    assert [file.stat().st_mtime_ns for file in written] == before


def test_a_container_is_left_alone(tmp_path: Path) -> None:
    assert not _load(tmp_path, "container")
    assert not (tmp_path / "loaded").exists()
    assert not list((tmp_path / "modprobe.d").iterdir())


def test_a_module_that_is_refused_is_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("bonding\n")
    assert "the kernel refused it" in _load(tmp_path, "machine")


def test_the_packages_are_told_without_touching_anything() -> None:
    """The box is built from this list (contrib/build-box.sh)."""
    argv = [str(ROOT / "setup.sh"), "--packages"]
    told = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    assert {"python3-venv", "mininet", "openvswitch-common", "user-mode-linux"} <= set(told)
    assert all(name == name.lower() and name[0].isalpha() for name in told)
