"""Which driver a run tests, and where that driver is to be found."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from lab.hosts.uml.image import TIMERS
from lab.hosts.uml.inside.root import MODULES
from lab.topology import Topology

DriverName = Literal["userspace", "kernel"]
DRIVERS: tuple[DriverName, ...] = get_args(DriverName)


def as_tested(topology: Topology, driver: DriverName) -> Topology:
    """The topology with a host under test that has this driver: the kernel's in a User-Mode Linux guest."""
    if driver == "userspace":
        return topology
    tested = topology.host("host")
    hosts = (replace(host, kind="uml") if host is tested else host for host in topology.hosts)
    return replace(topology, hosts=tuple(hosts))


def timers(driver: DriverName) -> float:
    """How much longer than they should the driver's periods last."""
    return TIMERS if driver == "kernel" else 1.0


def described(driver: DriverName, era: str) -> str:
    """The driver in words, for the head of a report."""
    if driver == "userspace":
        return f"bondimpl, era {era}"
    releases = sorted(os.listdir(MODULES)) if Path(MODULES).is_dir() else []
    return f"the kernel's, Linux {' or '.join(releases) or '(none here)'}, in a User-Mode Linux guest"
