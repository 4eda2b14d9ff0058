"""Which dialect the network scripts of a system speak, found out as HOWTO section 3 does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bondimpl.errors import BondError

IFUP = "sbin/ifup"
_SCRIPTS = ("initscripts", "sysconfig")
_QUERY_S = 60


@dataclass(frozen=True, slots=True)
class Detected:
    """`package` owns ifup; `bonding`: that knows of bonds; `dialect` is what to write files in."""

    package: str
    bonding: bool
    dialect: str


def detect(root: Path, query: str) -> Detected:
    """`query` is a program that answers as `rpm [--root ROOT] -qf FILE` does. Raises BondError."""
    root = root.absolute()
    package = _owner(root, query)
    scripts = [name for name in _SCRIPTS if package.startswith(name)]
    if not scripts:
        raise BondError(f"{package} owns {root / IFUP}: neither {' nor '.join(_SCRIPTS)}", "ENOTSUP")
    bonding = "ifenslave" in _text(root / IFUP)
    return Detected(package, bonding, scripts[0] if bonding else "manual")


def _owner(root: Path, query: str) -> str:
    command = [query, *(["--root", str(root)] if root != Path("/") else []), "-qf", f"/{IFUP}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_QUERY_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BondError(f"{' '.join(command)}: {error}", "EIO") from error
    said = " ".join((done.stdout or done.stderr).split())
    if done.returncode or not said:
        raise BondError(f"{' '.join(command)}: {said or f'ended with status {done.returncode}'}", "EIO")
    return said


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="surrogateescape")
    except OSError as error:
        raise BondError(f"{file}: {error.strerror}", "EIO") from error
