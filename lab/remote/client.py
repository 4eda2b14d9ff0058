"""Finds the lab that is up on this machine, and asks it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lab import runs
from lab.errors import LabBroken, TopologyError
from lab.remote.server import NAME

PATIENCE_S = 60.0
"""A fault proves that it took effect before it is answered: carrier comes and goes once a second."""


def find(run: str | None = None) -> Path:
    """The socket of the one lab that is up, or of that run. Raises TopologyError."""
    labs = _sockets()
    names = [socket_.parent.name for socket_ in labs]
    if run is not None:
        if run not in names:
            raise TopologyError(f"no lab {run!r} is up; there are: {', '.join(names) or 'none'}")
        return labs[names.index(run)]
    if not labs:
        raise TopologyError("no lab is up: start one with 'bondlab up NAME' in another terminal")
    if len(labs) > 1:
        raise TopologyError(f"several labs are up, choose one with --run: {', '.join(names)}")
    return labs[0]


def names() -> list[str]:
    """Of the labs that are up."""
    return [socket_.parent.name for socket_ in _sockets()]


def ask(path: Path, do: str, **fields: Any) -> Any:
    """The lab's answer. Raises TopologyError when the request is wrong, LabBroken when the lab failed."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.settimeout(PATIENCE_S)
            end.connect(str(path))
            end.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            answer = json.loads(end.makefile("rb").readline() or b"{}")
    except (OSError, ValueError) as error:
        raise LabBroken(f"the lab {path.parent.name} does not answer: {error}") from error
    if "ok" in answer:
        return answer["ok"]
    kind = TopologyError if answer.get("usage") else LabBroken
    raise kind(answer.get("error", f"the lab {path.parent.name} has ended"))


def _sockets() -> list[Path]:
    return [socket_ for socket_ in sorted(runs.base().glob(f"*/{NAME}")) if _answers(socket_)]


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.connect(str(path))
    except OSError:
        return False
    return True
