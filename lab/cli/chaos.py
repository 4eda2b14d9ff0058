"""`bondlab chaos`: random faults, and whether what must still be reachable is."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lab.chaos.fitting import misfit
from lab.cli.frame import FAILED, Miimon, Slaves, TopoOption, go_inside, with_slaves
from lab.errors import TopologyError
from lab.procfile import MODES

ALL = "all"
WORDS = (*MODES.values(), ALL)
ModeOrAll = Annotated[
    str,
    typer.Option(
        help=f"bonding mode, or {ALL}: each in its turn",
        autocompletion=lambda incomplete: [word for word in WORDS if word.startswith(incomplete)],
    ),
]


def chaos(
    seed: Annotated[int, typer.Option(help="which story of faults")] = 1,
    for_s: Annotated[float, typer.Option("--for", min=1, help="how long, in seconds")] = 60,
    topo: TopoOption = "single_switch",
    mode: ModeOrAll = "active-backup",
    miimon: Miimon = 100,
    slaves: Slaves = 2,
) -> None:
    """Break and mend cables and switches at random, and check after each whether the peer is reachable.

    The same seed, the same faults. A failing story is shrunk to the faults that it takes; the status is 1.
    With --mode all each mode that fits the topology has its share of the time.
    """
    it = with_slaves(topo, slaves)
    if mode != ALL and (why := misfit(it, mode, slaves)):
        raise TopologyError(f"{topo}: {why}")
    go_inside()
    from lab.chaos.play import Setting
    from lab.chaos.run import chaos as run
    from lab.chaos.run import turns

    play = turns if mode == ALL else run
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn(f"of {for_s:g} s"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else what goes to a file would go to the terminal
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(f"{topo}: {mode}")

        def say(line: str) -> None:
            print(line, flush=True)
            progress.update(task, description=line)

        held = play(it, Setting(mode, slaves, miimon), seed, for_s, say)
    if not held:
        raise typer.Exit(FAILED)
