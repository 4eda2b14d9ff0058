"""The bonding driver of this machine's own kernel, which namespaces on it share.

Loaded by the lab it makes no bond of its own (`max_bonds=0`), and it stays loaded. Bonds are known in their
namespace only, but what they log goes to the one log of the kernel, under names that all runs use. So one
testbed at a time has native bonds, whichever run it belongs to.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from functools import cache
from pathlib import Path

from lab.drivers.base import BondDriver
from lab.errors import DriverRefused, LabBroken
from lab.runs import base
from lab.undo import UndoStack
from lab.waiting import TimeOut, eventually

MODULE = Path("/sys/module/bonding")
LOCK = ".native-bonds"
WAIT_S = 300.0


@cache
def available() -> bool:
    """Whether this machine's kernel has the driver, loaded or to be loaded."""
    if MODULE.exists():
        return True
    try:
        done = subprocess.run(["modprobe", "-n", "-q", "bonding"], capture_output=True)
    except FileNotFoundError:
        return False
    return not done.returncode


def described() -> str:
    """Kernel and driver with their versions; drivers of today have none but the kernel's."""
    release = os.uname().release
    told = MODULE / "version"
    asked = ["modinfo", "-F", "version", "bonding"]
    if told.exists():
        version = told.read_text().strip()
    else:
        version = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    return f"Linux {release}, driver v{version or release}"


def keep_to_ourselves(driver: BondDriver, undo: UndoStack) -> None:
    """Wait until no other testbed has native bonds; `undo` removes ours and lets the next one go on."""
    base().mkdir(parents=True, exist_ok=True)
    lock = os.open(base() / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    undo.push("the lock of native bonds", lambda: os.close(lock))
    _wait_for(lock)
    # What they log at their end must not be taken for the next one's.
    undo.push("native bonds", lambda: _remove(driver))


def _wait_for(lock: int) -> None:
    """Raises LabBroken when another run keeps it."""

    def taken() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        eventually(taken, WAIT_S, every=0.05)
    except TimeOut as late:
        text = f"{base() / LOCK}: another run has had native bonds for {WAIT_S:g} s: end it first"
        raise LabBroken(text) from late


def _remove(driver: BondDriver) -> None:
    for bond in tuple(driver.bonds):
        try:
            bond.delete()
        except DriverRefused:  # a case has removed it another way
            continue
