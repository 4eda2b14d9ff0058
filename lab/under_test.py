"""Which driver a run tests, and where that driver is to be found."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from lab.drivers import native
from lab.hosts.uml.image import TIMERS
from lab.hosts.uml.inside.root import MODULES
from lab.topology import Bonding, HostKind, Topology

DriverName = Bonding
DRIVERS: tuple[DriverName, ...] = ("userspace", "kernel")
"""The bonding drivers."""
OTHERS: tuple[DriverName, ...] = ("ovs", "team")
"""Drivers of another kind which do a bonding driver's work, in some of its modes."""


def as_tested(topology: Topology, driver: DriverName) -> Topology:
    """The topology with a host under test that has this driver.

    The kernel's is that of this machine's kernel if it has one, otherwise that of a User-Mode Linux guest.
    """
    if driver == "userspace":
        return topology
    tested = topology.host("host")
    changed = replace(tested, kind=place_of(driver), bonding=driver)
    hosts = (changed if host is tested else host for host in topology.hosts)
    return replace(topology, hosts=tuple(hosts))


def place_of(driver: DriverName) -> HostKind:
    """What kind of host can have that driver here."""
    in_guest = driver == "team" or (driver == "kernel" and not native.available())
    return "uml" if in_guest else "namespace"


def timers(driver: DriverName) -> float:
    """How much longer than they should the driver's periods last."""
    return TIMERS if place_of(driver) == "uml" else 1.0


def described(driver: DriverName, era: str) -> str:
    """The driver in words, for the head of a report."""
    if driver == "userspace":
        return f"bondimpl, era {era}"
    if driver == "ovs":
        return "a bond of Open vSwitch in its userspace datapath"
    if place_of(driver) == "namespace":
        return f"the kernel's, {native.described()}, native"
    releases = sorted(os.listdir(MODULES)) if Path(MODULES).is_dir() else ["(none here)"]
    linux = f"Linux {' or '.join(releases)}"
    # Drivers of today have the version of their kernel.
    kernels = f"the kernel's, {linux}, driver v{' or v'.join(releases)}"
    return f"{f'the team driver, {linux}' if driver == 'team' else kernels}, in a User-Mode Linux guest"
