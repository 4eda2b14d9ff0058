"""Does what standard input says, a line each, to files of sysfs and /proc; tells what came of it, as JSON.

    write PATH TEXT    write(2) of the TEXT, in one go (as Python writes a text: \\n is a newline)
    read PATH          all of it
    list PATH          the names there, with kind and permissions
    all PATH           the names of the files there, with what each reads as
    wait PATH TEXT     until that is what it reads as, for 10 s at most: whether it did
    link PATH          the last part of what it points to
    sh COMMAND         its exit status

It runs beside bondfs, whose mount point is its argument, and in a guest with the
kernel's driver, with no argument. Paths are those below it; `~` is /sys/class/net.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from typing import Any

from lab.waiting import TimeOut, eventually

CLASS = "/sys/class/net"


def write(path: str, text: str) -> None:
    """As the shell's `printf TEXT > PATH`. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CREAT)
    try:
        os.write(fd, text.encode().decode("unicode_escape").encode("latin-1"))
    finally:
        os.close(fd)


def read(path: str) -> str:
    """All of a file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        text = b""
        while data := os.read(fd, 1 << 16):
            text += data
        return text.decode()
    finally:
        os.close(fd)


def kinds(path: str) -> dict[str, str]:
    """`drwxr-xr-x` and the like by name. Raises OSError."""
    return {name: stat.filemode(os.lstat(f"{path}/{name}").st_mode) for name in sorted(os.listdir(path))}


def everything(path: str) -> dict[str, str]:
    """Of each file its text, or the errno's name."""
    return {name: _or_errno(read, f"{path}/{name}") for name in sorted(os.listdir(path))}


def await_text(path: str, text: str) -> bool:
    """Whether the file reads as that before long."""
    try:
        return bool(eventually(lambda: _or_errno(read, path) == f"{text}\n", within=10))
    except TimeOut:
        return False


def _or_errno(do: Any, *arguments: str) -> Any:
    try:
        return do(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def answer(root: str, line: str) -> Any:
    """What the line asks for: a text, a mapping, an exit status, None, or the name of an errno."""
    verb, _, rest = line.partition(" ")
    if verb == "sh":
        return subprocess.run(rest, shell=True, capture_output=True, check=False).returncode
    path, _, text = rest.partition(" ")
    path = root + (CLASS + path[1:] if path.startswith("~") else path)
    if verb == "write":
        return _or_errno(write, path, text)
    if verb == "link":
        return os.path.basename(os.readlink(path)) if os.path.islink(path) else "none"
    if verb == "wait":
        return await_text(path, text)
    return _or_errno({"read": read, "list": kinds, "all": everything}[verb], path)


def main() -> None:
    """One JSON object a line."""
    root = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else ""
    for line in (line.rstrip("\n") for line in sys.stdin):
        if line.strip() and not line.startswith("#"):
            print(json.dumps({"line": line, "answer": answer(root, line)}), flush=True)


if __name__ == "__main__":
    main()
