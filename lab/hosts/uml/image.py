"""Where the kernel of a guest is, and whether a guest can be had on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.hosts.uml.inside.root import MODULES

PROGRAM = "linux.uml"
PACKAGE = "user-mode-linux"
MEMORY_MB = 128
TIMERS = 1.1
"""How much longer a guest's periodic work takes than it should: 110 ms for 100 (it counts whole ticks of
10 ms, and the one that runs when it is set)."""
SHARED_MEMORY = "/dev/shm"  # where the guest's memory is: a file without a name


def missing() -> str | None:
    """Why no guest can be started here, in words; None when one can."""
    if not shutil.which(PROGRAM) or not Path(MODULES).is_dir():
        return f"no User-Mode Linux here: install the Debian package {PACKAGE}"
    room = os.statvfs(SHARED_MEMORY)
    if room.f_bavail * room.f_frsize < MEMORY_MB << 20:
        return f"{SHARED_MEMORY} has no room for the {MEMORY_MB} MB of a User-Mode Linux guest"
    return None
