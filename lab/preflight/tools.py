"""The programs that every lab uses, and how old they may be."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

from lab.errors import LabBroken

PROGRAMS = ("ip", "tc", "ethtool", "mnexec", "ping", "sysctl")
OLDEST_IPROUTE2 = (5, 10)
REMEDY = "run ./setup.sh as root"


def check_tools(path: str | None = None) -> None:
    """Raises LabBroken when a program is not in `path` (that of the environment by default), or too old."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if lacking:
        raise LabBroken(f"preflight: no {', '.join(lacking)} on this machine: {REMEDY}")
    check_version(_version_text(str(shutil.which("ip", path=path))))


def check_version(text: str) -> None:
    """Raises LabBroken when what `ip -V` says is too old a version, or none."""
    found = re.search(r"iproute2-(?:ss)?(\d+)\.(\d+)", text)
    if not found:
        raise LabBroken(f"preflight: ip -V tells no version: {text.strip()!r}: {REMEDY}")
    if (int(found[1]), int(found[2])) < OLDEST_IPROUTE2:
        oldest = ".".join(map(str, OLDEST_IPROUTE2))
        raise LabBroken(f"preflight: {text.strip()} is too old, {oldest} at least: {REMEDY}")


@cache
def _version_text(program: str) -> str:
    done = subprocess.run([program, "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout + done.stderr
