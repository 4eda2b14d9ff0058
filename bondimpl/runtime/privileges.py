"""Whether this process may do what bondd does, found out before anything is begun."""

from __future__ import annotations

import os
from pathlib import Path

from bondimpl.errors import MachineError
from bondimpl.runtime import tap

_NET_ADMIN, _NET_RAW = 12, 13


def require_privileges() -> None:
    """Raises MachineError with what is missing."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            for name, bit in (("CAP_NET_ADMIN", _NET_ADMIN), ("CAP_NET_RAW", _NET_RAW)):
                if not effective >> bit & 1:
                    raise MachineError(f"no permission: {name} is missing; run as root", "EPERM")
    os.close(tap.open_device())
