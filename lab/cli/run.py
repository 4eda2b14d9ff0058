"""`bondlab run`: cases, by pytest."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.errors import LabBroken

PROJECT = Path(__file__).parents[2]
OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(
    context: typer.Context,
    topo: Annotated[
        str | None, typer.Option(metavar="NAME[,NAME|all]", help="topologies to run each case on")
    ] = None,
    driver: Annotated[str | None, typer.Option(help="driver under test: userspace, kernel ...")] = None,
    era: Annotated[str | None, typer.Option(help="whose behaviour bondimpl has: howto or 6.x")] = None,
    workers: Annotated[str | None, typer.Option("--workers", "-n", help="how many workers, or auto")] = None,
) -> None:
    """Run cases: those of files, folders or node ids that are named, or all. Further options are pytest's.

    The exit code is pytest's: 0 all passed, 1 cases failed, 6 the lab was broken (BLOCKED).
    """
    named = any(_is_case(word) for word in context.args)
    command = [sys.executable, "-m", "pytest", *([] if named else [str(PROJECT / "testcases")])]
    for option, value in (("--topo", topo), ("--driver", driver), ("--era", era)):
        if value is not None:
            command.append(f"{option}={value}")
    if workers is not None:
        command += ["-n", workers]
    if not (PROJECT / "conftest.py").exists():
        raise LabBroken(f"no cases in {PROJECT}: run this from a clone of the project")
    sys.stdout.flush()
    os.execv(command[0], [*command, *context.args])  # so that ctrl-C and the exit code are pytest's own


def _is_case(word: str) -> bool:
    """Whether it names a file, folder or node id; the value of an option may look like one: -k lab."""
    path = Path(word.split("::")[0])
    return not word.startswith("-") and ("/" in word or path.suffix == ".py") and path.exists()
