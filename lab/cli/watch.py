"""`bondlab watch`: the lab that is up, live."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from lab.cli.frame import RunOption


def watch(
    once: Annotated[
        bool, typer.Option("--once", help="show it once, with the rates of half a second")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="what there is to see, as JSON, once")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 1.0,
    run: RunOption = None,
) -> None:
    """Show bonds, slaves, rates, cables and faults of the lab that 'bondlab up' has started, until ctrl-C."""
    from lab.remote.client import ask, find
    from lab.remote.screen import screen
    from lab.waiting import sleep_until

    path = find(run)
    before: dict[str, Any] = ask(path, "look")
    if as_json:
        print(json.dumps(before, indent=2))
        return
    if once:
        sleep_until(before["at_s"] + 0.5)
        Console().print(screen(before, ask(path, "look")))
        return
    try:
        with Live(screen(before, before), screen=True, auto_refresh=False) as live:
            while True:
                sleep_until(before["at_s"] + every)
                now = ask(path, "look")
                live.update(screen(before, now), refresh=True)
                before = now
    except KeyboardInterrupt:
        return
