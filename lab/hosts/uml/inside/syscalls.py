"""System calls that Python has no function for. All raise OSError."""

from __future__ import annotations

import ctypes
import os

MNT_DETACH = 2
RB_POWER_OFF = 0x4321FEDC
_SYSLOG_CLEAR = 5
_PIVOT_ROOT = 155  # on x86-64, the one architecture of User-Mode Linux; the C library does not wrap it

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount `source` on the directory or file `target`."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), target)


def unmount(target: str) -> None:
    """Take what is mounted on `target` off it, though it be in use."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), target)


def pivot_root(new_root: str) -> None:
    """Make `new_root` the root of every process, the kernel's own too; the old one is gone."""
    os.chdir(new_root)
    # The old root ends up mounted over the new one, from where it is taken off.
    _check(_libc.syscall(_PIVOT_ROOT, b".", b"."), new_root)
    unmount(".")
    os.chdir("/")


def clear_log() -> None:
    """Forget what the kernel has logged so far."""
    _check(_libc.klogctl(_SYSLOG_CLEAR, None, 0), "the kernel's log")


def power_off() -> None:
    """End this kernel."""
    _check(_libc.reboot(RB_POWER_OFF), "reboot")


def _check(result: int, what: str) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
