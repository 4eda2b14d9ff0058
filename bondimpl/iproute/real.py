"""The real `ip`: the next one in PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from bondimpl.iproute.errors import Refused

_ANY_BYTES: Mapping[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}
"""An alias of an interface need not be text."""
_USUAL = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")


class RealIp:
    """Runs it with `options` before the words; `program` is where it is."""

    def __init__(self, program: str, options: Sequence[str] = ()) -> None:
        self._program = program
        self._options = tuple(options)

    def run(self, *words: str) -> int:
        """Its exit status."""
        sys.stdout.flush()
        return subprocess.run([self._program, *self._options, *words], check=False).returncode

    def read(self, *words: str) -> tuple[int, str]:
        """Exit status and standard output."""
        done = subprocess.run(
            [self._program, *self._options, *words], stdout=subprocess.PIPE, check=False, **_ANY_BYTES
        )
        return done.returncode, done.stdout

    def link(self, name: str) -> dict[str, Any] | None:
        """What `ip -j` tells of an interface, None when there is none of that name."""
        done = subprocess.run(
            [self._program, *self._options, "-j", "link", "show", "dev", name],
            capture_output=True,
            check=False,
            **_ANY_BYTES,
        )
        return dict(json.loads(done.stdout)[0]) if name and done.returncode == 0 else None

    def addresses(self, name: str | None = None) -> list[dict[str, Any]]:
        """What `ip address` tells of one interface, or of all; the options must ask for JSON."""
        which = ("dev", name) if name else ()
        done = subprocess.run(
            [self._program, *self._options, "address", "show", *which],
            capture_output=True,
            check=False,
            **_ANY_BYTES,
        )
        return list(json.loads(done.stdout)) if done.returncode == 0 else []

    def exists(self, name: str) -> bool:
        """Whether there is an interface of that name."""
        return self.link(name) is not None


def become(program: str, argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Go on as the real `ip` with exactly these arguments."""
    sys.stdout.flush()
    os.execve(program, ["ip", *argv], {**os.environ, **environment})


def find(shim: str) -> str:
    """Where the real one is, if `shim` stands in its place. Raises Refused."""
    ours = Path(shim).resolve()
    for directory in (*os.environ.get("PATH", "").split(os.pathsep), *_USUAL):
        program = Path(directory or ".") / "ip"
        if os.access(program, os.X_OK) and program.is_file() and program.resolve() != ours:
            return str(program)
    raise Refused("ip: there is no other program 'ip' in PATH: install iproute2", 255)
