"""What the kernel itself has of interfaces, in sysfs and /proc.

Directories are held open, so that they can still be read when something is mounted over them.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

CLASS = "/sys/class/net"
PROC_NET = "/proc/self/net"


class Beneath:
    """The kernel's interfaces and files of /proc/net, as this process sees them now."""

    def __init__(self, sysfs_class: str = CLASS, proc_net: str = PROC_NET) -> None:
        """Raises OSError."""
        self._class_path, self._proc_path = sysfs_class, proc_net
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._class = os.open(sysfs_class, flags)
        self._proc = os.open(proc_net, flags)

    def interfaces(self) -> list[str]:
        """Names in /sys/class/net."""
        return os.listdir(self._class)

    def device(self, name: str) -> str | None:
        """Where the interface's own directory is, /sys/devices/...; None when there is no such interface."""
        try:
            target = os.readlink(name, dir_fd=self._class)
        except OSError:
            return None
        return os.path.normpath(PurePosixPath(self._class_path, target))

    def attributes(self, name: str) -> list[str]:
        """The names in an interface's directory; none when there is no such interface."""
        device = self.device(name)
        try:
            return os.listdir(device) if device else []
        except OSError:
            return []

    def proc_files(self) -> list[str]:
        """Names in /proc/net."""
        return os.listdir(self._proc)

    def proc_file(self, name: str) -> str:
        """Where a file of /proc/net is, whatever lies over that; each reader gets that of its namespace."""
        return f"{self._proc_path}/{name}"
