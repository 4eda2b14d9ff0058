"""The commands of the project, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing of the run that we are part of must reach the inner one.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**env, "OUTSIDE": os.readlink("/proc/self/ns/net") if "-n" in arguments else "none"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def plain() -> dict[str, str]:
    """The environment of a user who has not activated the virtual environment."""
    return {**os.environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def bondlab(
    *arguments: str, text_in: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab.cli", *arguments],
        input=text_in,
        env={**plain(), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
