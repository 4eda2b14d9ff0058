"""The tree where programs look for it: over /sys/class/net and /proc/net of this mount namespace.

sysfs and /proc take no new entries. /sys/class/net is a directory: the tree's is mounted over it, with the
kernel's entries as links. /proc/net is a link to self/net, which is another directory for each process; here
another link, to the tree's proc/net, is mounted over the link itself. Nothing else of /proc is touched.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

SYS = "/sys/class/net"
PROC = "/proc/net"

_MS_BIND, _MS_REC, _MS_SLAVE = 1 << 12, 1 << 14, 1 << 19
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_libc = ctypes.CDLL(None, use_errno=True)


class PlaceRefused(Exception):
    """The tree cannot be put there."""


class Place:
    """`link` is a name in a directory of our own, for the link that is mounted over /proc/net."""

    def __init__(self, tree: Path, link: Path) -> None:
        self._tree = tree
        self._link = link

    def prepare(self) -> None:
        """Raises PlaceRefused where it would be the whole machine's or is already, OSError."""
        if _is_the_machines():
            raise PlaceRefused(
                "this mount namespace is the machine's: make one of its own, `unshare --mount`"
            )
        if _is_dead(SYS):
            self.leave()
        if any(f" {place} " in line for line in _mounts() for place in (SYS, PROC)):
            raise PlaceRefused("something is mounted there already, another bondfs for instance")
        _mount("none", "/", _MS_REC | _MS_SLAVE)  # what is mounted from now on is seen here only

    def take(self) -> None:
        """Mount. The tree must be served meanwhile. Raises OSError; nothing is mounted then."""
        self._link.symlink_to(self._tree / "proc/net")
        _mount(str(self._tree / "sys/class/net"), SYS, _MS_BIND)
        try:
            _mount_link(self._link, PROC)
        except OSError:
            self.leave()
            raise

    def leave(self) -> None:
        """As it was. Harmless where nothing was taken."""
        for mounted in (SYS, PROC):
            _unmount(mounted)


def detach(mount_point: Path) -> None:
    """Unmount it, whoever still looks into it. Harmless where nothing is mounted."""
    _unmount(str(mount_point))


def detach_dead(mount_point: Path) -> None:
    """Unmount what a killed bondfs has left there, which nobody can look into."""
    if _is_dead(str(mount_point)):
        _unmount(str(mount_point))


def _is_dead(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno == errno.ENOTCONN
    return False


def _mount_link(link: Path, over: str) -> None:
    """Mount a symbolic link over a symbolic link: mount(2) follows both, unless they are held open."""
    held = []
    try:
        for path in (str(link), over):
            held.append(os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC))
        source, target = (f"/proc/self/fd/{fd}" for fd in held)
        _mount(source, target, _MS_BIND)
    finally:
        for fd in held:
            os.close(fd)


def _mount(source: str, target: str, flags: int) -> None:
    if _libc.mount(source.encode(), target.encode(), None, flags, None):
        code = ctypes.get_errno()
        raise OSError(code, f"mounting over {target}: {os.strerror(code)}")


def _unmount(path: str) -> None:
    _libc.umount2(path.encode(), _MNT_DETACH | _UMOUNT_NOFOLLOW)


def _is_the_machines() -> bool:
    """Whether we are in the mount namespace of process 1. Raises PlaceRefused when that cannot be told."""
    first = "/proc/1/ns/mnt"
    try:
        return os.readlink("/proc/self/ns/mnt") == os.readlink(first)
    except OSError as error:
        raise PlaceRefused(
            f"whether this mount namespace is the machine's cannot be told: {first}: {error.strerror}; "
            "it takes the capability SYS_PTRACE, and /proc"
        ) from error


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()
