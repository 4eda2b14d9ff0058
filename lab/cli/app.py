"""The commands of `bondlab`, joined."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from lab.cli import chaos, clean, doctor, run, up, watch
from lab.cli.fault import fault
from lab.cli.frame import plainly
from lab.cli.topo import topo

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A laboratory for Ethernet bonding, made of network namespaces.",
    epilog="Example: bondlab up single_switch --mode active-backup",
)
app.add_typer(topo, name="topo")
app.add_typer(fault, name="fault")


def _version(asked: bool) -> None:
    if asked:
        print(f"bondlab {version('bondlab')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command(epilog="Example: echo 'host1 ping -c1 10.0.0.2' | bondlab up single_switch --slaves 2")(
    plainly(up.up)
)
app.command(epilog="Example: bondlab watch --once")(plainly(watch.watch))
app.command(epilog="Example: bondlab run --topo bladecenter -n auto -k alb", context_settings=run.OPTIONS)(
    plainly(run.run)
)
app.command(epilog="Example: bondlab chaos --seed 7 --for 60 --topo two_switch_isl --mode active-backup")(
    plainly(chaos.chaos)
)
app.command(epilog="Example: bondlab doctor")(plainly(doctor.doctor))
app.command(epilog="Example: bondlab clean")(plainly(clean.clean))


def main() -> None:
    """Entry point of `bondlab`."""
    app(prog_name="bondlab")  # however it was started: completion goes by that name, too
