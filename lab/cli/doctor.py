"""`bondlab doctor`: what this machine can do for the lab."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab.cli.frame import FAILED

_STYLES = {"ok": "green", "limited": "yellow", "missing": "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False) -> None:
    """Tell what this machine can do for the lab and what it cannot, with the remedy.

    The status is 1 when no lab can be built here. Nothing is changed but that the kernel may load the modules
    which every lab needs.
    """
    from lab.doctor import examine

    findings = list(examine())
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        table = Table("", "what", "found", "remedy", box=None, header_style="bold")
        for finding in findings:
            state = f"[{_STYLES[finding.state]}]{finding.state}[/]"
            table.add_row(state, finding.what, finding.found, finding.remedy)
        Console().print(table)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(FAILED)
