"""What every command has: errors in one line, arguments that are completed, the way into a sandbox."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, ParamSpec

import typer

import topologies
from lab.errors import LabBroken, LabError, TopologyError
from lab.procfile import MODES
from lab.topology import Topology

P = ParamSpec("P")
USAGE, FAILED = 2, 1


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """What the user got wrong is one line and status 2; what the lab could not do, one line and status 1."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LabError as error:
            print(f"bondlab: {error}", file=sys.stderr)
            raise typer.Exit(USAGE if isinstance(error, TopologyError) else FAILED) from error

    return told


def _starting(words: list[str]) -> Callable[[str], list[str]]:
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


def _labs(incomplete: str) -> list[str]:
    from lab.remote.client import names

    return [name for name in names() if name.startswith(incomplete)]


Topo = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="a topology, see 'bondlab topo list'",
        autocompletion=_starting(list(topologies.BUILDERS)),
    ),
]
TopoOption = Annotated[
    str,
    typer.Option(
        help="a topology, see 'bondlab topo list'", autocompletion=_starting(list(topologies.BUILDERS))
    ),
]
Mode = Annotated[str, typer.Option(help="bonding mode", autocompletion=_starting(list(MODES.values())))]
Miimon = Annotated[int, typer.Option(help="interval of the MII monitor, ms")]
Slaves = Annotated[int, typer.Option(min=1, help="how many NICs to enslave")]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="which lab, when several are up (as in /run/bondlab)",
        autocompletion=_labs,
    ),
]


def with_slaves(name: str, slaves: int) -> Topology:
    """The topology of that name, whose host has so many NICs. Raises TopologyError."""
    it = topologies.build(name)
    if len(it.slaves) < slaves:
        raise TopologyError(f"{name}: --slaves {slaves}, but the host has {len(it.slaves)} NICs")
    return it


def go_inside() -> None:
    """Start this command anew in a sandbox, if it is not in one. Raises LabBroken."""
    from lab import sandbox  # late, like all that needs root: the other commands start in no time

    if not sandbox.inside():
        if os.geteuid() != 0:
            raise LabBroken("a lab needs root: run this with sudo")
        sys.stdout.flush()
        sandbox.exec_inside([sys.executable, "-m", "lab.cli", *sys.argv[1:]])
