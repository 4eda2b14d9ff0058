"""The tree as a file system, by FUSE (libfuse 3, spoken to through mfusepy)."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

# One library, also where the one before it is installed, too.
os.environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")
try:
    from mfusepy import FUSE, Operations, fuse_get_context
except OSError as absent:
    raise ImportError(f"needs libfuse 3 (Debian package fuse3): {absent}") from absent

from bondimpl.errors import BondError
from lab.bondfs.tree import Directory, File, Link, Node, Tree

Result = TypeVar("Result")

BY_SIGNAL = 8
"""What libfuse returns when a signal ended it."""


class MountFailed(Exception):
    """FUSE could not mount; libfuse has said why on stderr."""


class Files(Operations):  # type: ignore[misc]  # mfusepy's annotations are not for users
    """The calls of libfuse. What is read of one open file in pieces is one text."""

    use_ns = True

    def __init__(self, tree: Tree, mounted: Callable[[], None]) -> None:
        """`mounted` is called once files can be asked for."""
        self._tree = tree
        self._mounted = mounted
        self._texts: dict[int, bytes] = {}
        self._last = 0
        self._since = time.time_ns()

    def init(self, path: str) -> None:
        self._mounted()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        node = self._node(path)
        size = node.size if isinstance(node, File) else 0
        times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), self._since)
        return {
            "st_mode": _mode(path, node),
            "st_nlink": 1,
            "st_size": size,
            "st_uid": 0,
            "st_gid": 0,
            **times,
        }

    def readlink(self, path: str) -> str:
        node = self._node(path)
        return node.target if isinstance(node, Link) else _refuse(errno.EINVAL)

    def readdir(self, path: str, fh: int) -> list[str]:
        node = self._node(path)
        if not isinstance(node, Directory):
            _refuse(errno.ENOTDIR)
        return [".", "..", *sorted(node.names())]

    def open(self, path: str, flags: int) -> int:
        writes = flags & os.O_ACCMODE != os.O_RDONLY
        node = self._file(path)
        # As sysfs, whose files refuse root, too; those of /proc refuse the writing.
        if writes and not node.write and node.size:
            _refuse(errno.EACCES)
        self._last += 1
        return self._last

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        if offset == 0 or fh not in self._texts:
            uid = fuse_get_context()[0]
            self._texts[fh] = _asked(lambda: self._file(path).read(uid == 0)).encode()
        return self._texts[fh][offset : offset + size]

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        node = self._file(path)
        if not node.write:
            _refuse(errno.EIO)
        write, text = node.write, data.decode(errors="replace")
        _asked(lambda: write(text.removesuffix("\n")))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        """A shell's `>` does it first."""
        return 0

    def release(self, path: str, fh: int) -> int:
        self._texts.pop(fh, None)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return _refuse(errno.ENOENT if path.startswith("/proc/") else errno.EACCES)

    def mkdir(self, path: str, mode: int) -> int:
        return _refuse(errno.EPERM)

    def unlink(self, path: str) -> int:
        return _refuse(errno.EPERM)

    def rmdir(self, path: str) -> int:
        return _refuse(errno.EPERM)

    def rename(self, old: str, new: str) -> int:
        return _refuse(errno.EPERM)

    def symlink(self, target: str, source: str) -> int:
        return _refuse(errno.EPERM)

    def _node(self, path: str) -> Node:
        return _asked(lambda: self._tree.node(path))

    def _file(self, path: str) -> File:
        node = self._node(path)
        return node if isinstance(node, File) else _refuse(errno.EISDIR)


def serve(tree: Tree, mount_point: Path, mounted: Callable[[], None]) -> bool:
    """Until it is unmounted or a signal ends it (then true); unmounted then. Raises MountFailed."""
    options = {"fsname": "bondfs", "subtype": "bondfs", "allow_other": True, "default_permissions": True}
    # Nothing is remembered by the kernel: each reader sees things as they are.
    fresh = {"direct_io": True, "attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    try:
        FUSE(Files(tree, mounted), str(mount_point), foreground=True, nothreads=True, **options, **fresh)
    except RuntimeError as error:
        if error.args != (BY_SIGNAL,):
            raise MountFailed(f"cannot mount at {mount_point}") from error
        return True
    return False


def _mode(path: str, node: Node) -> int:
    match node:
        case Link():
            return stat.S_IFLNK | 0o777
        case File():
            return stat.S_IFREG | (0o644 if node.write else 0o444)
    return stat.S_IFDIR | (0o555 if path.startswith("/proc") else 0o755)


def _asked(ask: Callable[[], Result]) -> Result:
    """Raises OSError with the driver's errno."""
    try:
        return ask()
    except FileNotFoundError:
        _refuse(errno.ENOENT)
    except BondError as error:
        _refuse(getattr(errno, error.errno, errno.EIO))


def _refuse(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))
