"""What setup.sh does beyond the lab's own directory: modules only when asked to, an SNMP agent if it can."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.vagrant.told import ROOT

pytestmark = pytest.mark.root

# Where it would write belongs to this test, and what it would call is told by the test.
MODULES = r"""
set -e
mkdir -p "$work/modprobe.d" "$work/modules-load.d" /etc/modprobe.d /etc/modules-load.d
mount --bind "$work/modprobe.d" /etc/modprobe.d
mount --bind "$work/modules-load.d" /etc/modules-load.d
source "$work/setup.sh"
LOG=$work/log
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


AGENT = r"""
set -e
mkdir -p "$work/bin"
export PATH="$work/bin:/usr/bin:/bin" BONDLAB_VENV="$work"
source "$work/setup.sh"
LOG=$work/log
APT=("$work/apt-get")
command() { [[ $* != '-v snmpd' ]] && builtin command "$@"; }
dpkg-deb() { mkdir -p usr/sbin && cp "$work/program" usr/sbin/snmpd; }
export -f dpkg-deb
snmp_agent
echo ready
"""


def _source(work: Path, script: str, **environment: str) -> str:
    text = (ROOT / "setup.sh").read_text().replace('readonly LOG="$ROOT/.setup.log"\n', "")
    text = text.replace("readonly APT=", "APT=")
    assert text.endswith('main "$@"\n')
    (work / "setup.sh").write_text(text.removesuffix('main "$@"\n'))
    (work / "refused").touch()
    given = [f"{name}={value}" for name, value in {"work": str(work), **environment}.items()]
    argv = ["unshare", "--mount", "env", *given, "bash", "-c", script]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def _load(work: Path, asked: str = "1") -> str:
    return _source(work, MODULES, BONDLAB_MODULES=asked)


def test_those_that_are_modules_are_loaded_now_and_at_each_boot(tmp_path: Path) -> None:
    assert _load(tmp_path) == "setup: loading the kernel's module bonding\n"
    assert (tmp_path / "loaded").read_text() == "bonding\n"
    assert (tmp_path / "modules-load.d" / "bondlab.conf").read_text() == "bonding\n"
    assert (tmp_path / "modprobe.d" / "bondlab.conf").read_text() == "options bonding max_bonds=0\n"


def test_what_is_written_already_is_not_written_again(tmp_path: Path) -> None:
    _load(tmp_path)
    written = [tmp_path / place / "bondlab.conf" for place in ("modprobe.d", "modules-load.d")]
    before = [file.stat().st_mtime_ns for file in written]
    _load(tmp_path)
    assert [file.stat().st_mtime_ns for file in written] == before


@pytest.mark.parametrize("asked", ["", "0"])
def test_nobody_s_machine_gets_modules_unasked(asked: str, tmp_path: Path) -> None:
    assert not _load(tmp_path, asked)
    assert not (tmp_path / "loaded").exists()
    assert not list((tmp_path / "modprobe.d").iterdir())
    assert not list((tmp_path / "modules-load.d").iterdir())


def test_a_module_that_is_refused_is_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("bonding\n")
    assert "the kernel refused it" in _load(tmp_path)


@pytest.mark.parametrize(
    ("download", "program", "there"),
    [("touch snmpd.deb", "true", True), ("false", "true", False), ("touch snmpd.deb", "false", False)],
    ids=["fits", "cannot be had", "does not fit"],
)
def test_the_lab_does_without_an_snmp_agent(download: str, program: str, there: bool, tmp_path: Path) -> None:
    for name, text in {"apt-get": f"case $* in *download*) {download} ;; esac", "program": program}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    told = _source(tmp_path, AGENT).splitlines()
    assert told[0] == "setup: unpacking the SNMP agent"
    assert ("setup: no SNMP agent: the cases about it will be skipped" in told) is not there
    assert told[-1] == "ready"
    assert (tmp_path / "bin" / "snmpd").exists() is there


def test_the_packages_are_told_without_touching_anything() -> None:
    """The box is built from this list (contrib/build-box.sh)."""
    argv = [str(ROOT / "setup.sh"), "--packages"]
    told = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    assert {"python3-venv", "mininet", "openvswitch-common", "user-mode-linux"} <= set(told)
    assert all(name == name.lower() and name[0].isalpha() for name in told)
