"""What a run could leave on the machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine outside of all sandboxes."""

    interfaces: str
    addresses: str
    nft: str
    namespaces: str
    mounts: str


def look() -> Machine:
    """As it is now. Raises OSError, CalledProcessError."""
    return Machine(
        interfaces=_said("ip", "-br", "link"),
        addresses=_said("ip", "-br", "address"),
        nft=_said("nft", "-s", "list", "ruleset"),
        namespaces=_said("ip", "netns", "list"),
        mounts=Path("/proc/self/mounts").read_text(),
    )


def processes_of(base: Path) -> dict[int, str]:
    """Processes of all runs that keep their files in `base`, by their environment; what each of them is."""
    wanted = f"BONDLAB_RUN_DIR={base}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended just now
                continue
    return found


def _said(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
