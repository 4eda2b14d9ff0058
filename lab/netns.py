"""Running code inside another network namespace without a process of its own.

A socket stays in the namespace it was opened in, so most of the lab needs only a moment there.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

CLONE_NEWNET = 0x40000000

Place = int | Path
"""A network namespace: a process that is in it, or a file that it is mounted on."""

T = TypeVar("T")
_libc = ctypes.CDLL(None, use_errno=True)


def enter(place: Place) -> None:
    """Move the calling thread into a network namespace. Raises OSError."""
    path = place if isinstance(place, Path) else Path(f"/proc/{place}/ns/net")
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, f"setns to the namespace of {place}: {os.strerror(code)}")
    finally:
        os.close(fd)


def network_of(pid: int) -> str:
    """Identity of the network namespace of `pid`. Raises OSError when the process is gone."""
    return os.readlink(f"/proc/{pid}/ns/net")


def in_namespace(place: Place, work: Callable[[], T]) -> T:
    """Result of `work()` run in that network namespace, in a thread made for it."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            enter(place)
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name=f"netns-{place}")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
