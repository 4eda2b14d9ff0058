"""Two NICs as bondd finds, changes and gives them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.runtime.lab import Daemon, Lab, state

NICS = ("eth0", "eth1")


def now() -> dict[str, Any]:
    """State of both NICs."""
    return {nic: state(nic) for nic in NICS}


def enslave_both(bondd: Daemon) -> None:
    """Make bond0 of both."""
    bondd.add("bond0", *NICS, mode="active-backup", miimon="100")
    assert all(shown["up"] and shown["mtu"] == 1500 and shown["tc"] for shown in now().values())
    assert state("eth0")["mac"] == state("eth1")["mac"]


def left_behind(lab: Lab) -> list[str]:
    """Names of what a daemon has left in the directory of its socket."""
    return [path.name for path in lab.directory.iterdir() if path.name != "stderr"]


def journals(lab: Lab) -> list[Path]:
    """The journals there."""
    return list(lab.directory.glob("*.journal*"))
