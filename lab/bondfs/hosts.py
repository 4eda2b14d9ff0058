"""The driver's files on a host of the lab: its bonds in sysfs and /proc, for any program that runs there."""

from __future__ import annotations

from pathlib import Path

from lab.errors import LabError
from lab.hosts.base import Host, Process
from lab.waiting import TimeOut, eventually

START_S = 10.0


def show_bonds(host: Host, socket: str, mount_point: Path) -> Process:
    """Start bondfs on a host in namespaces, whose bondd listens at `socket`; the files go when it is stopped.

    `mount_point` is a directory for it, made if need be. Raises LabError when it does not start.
    """
    mount_point.mkdir(parents=True, exist_ok=True)
    process = host.start(["bondfs", str(mount_point), "--socket", socket, "--here"])
    try:
        eventually(
            lambda: "mounted at" in process.output() or process.poll() is not None,
            START_S,
            what=f"bondfs on {host.name} has mounted",
        )
    except TimeOut as error:
        process.stop()
        raise LabError(str(error)) from error
    if process.poll() is not None:
        raise LabError(f"bondfs on {host.name} ended: {process.output().strip() or 'it printed nothing'}")
    return process
