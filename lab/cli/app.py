"""`bondlab`: look at the topologies, bring one up and play in it, clean up after runs that were killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from rich.table import Table

import topologies
from lab.availability import unavailable
from lab.errors import LabBroken, LabError, TopologyError
from lab.topology import Topology

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A laboratory for Ethernet bonding, made of network namespaces.",
    epilog="Example: bondlab up single_switch --mode active-backup",
)
topo = typer.Typer(
    no_args_is_help=True,
    help="The topologies there are.",
    epilog="Example: bondlab topo show bladecenter:esm",
)
app.add_typer(topo, name="topo")


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


P = ParamSpec("P")
Name = Annotated[str, typer.Argument(metavar="NAME", help="a topology, see 'bondlab topo list'")]
USAGE, FAILED = 2, 1


def _plainly(command: Callable[P, None]) -> Callable[P, None]:
    """What the user got wrong is one line and status 2; what the lab could not do, one line and status 1."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LabError as error:
            print(f"bondlab: {error}", file=sys.stderr)
            raise typer.Exit(USAGE if isinstance(error, TopologyError) else FAILED) from error

    return told


@topo.command("list", epilog="Example: bondlab topo list")
@_plainly
def topo_list() -> None:
    """List the topologies, the smallest first."""
    table = Table("name", "what it is", "hosts", "switches", "cables", box=None, header_style="bold")
    for name in topologies.BUILDERS:
        it = topologies.build(name)
        why = unavailable(it)
        summary = f"{it.summary} (not available: {why})" if why else it.summary
        table.add_row(name, summary, str(len(it.hosts)), str(len(it.switches)), str(len(it.cables)))
    Console().print(table)


@topo.command("show", epilog="Example: bondlab topo show bladecenter:mixed")
@_plainly
def topo_show(name: Name) -> None:
    """Draw a topology and list its hosts, cables and roles."""
    it = topologies.build(name)
    console = Console(highlight=False)
    print(it.picture.rstrip())
    console.print(f"\n{it.name}: {it.summary}\n", markup=False)
    nodes = Table("node", "ports", box=None, header_style="bold")
    for host in it.hosts:
        nodes.add_row(host.name, " ".join(host.nics))
    for switch in it.switches:
        nodes.add_row(switch.name, " ".join(switch.ports))
    cables = Table("cable", "from", "to", box=None, header_style="bold")
    for cable in it.cables:
        cables.add_row(cable.name, str(cable.a), str(cable.b))
    roles = Table("role", "is", box=None, header_style="bold")
    for role, target in it.roles.items():
        roles.add_row(role, target)
    for table in (nodes, cables, roles):
        console.print(table)
        console.print()


@app.command(epilog="Example: echo 'host1 ping -c1 10.0.0.2' | bondlab up single_switch --slaves 2")
@_plainly
def up(
    name: Name,
    mode: Annotated[str, typer.Option(help="bonding mode")] = "active-backup",
    miimon: Annotated[int, typer.Option(help="interval of the MII monitor, ms")] = 100,
    slaves: Annotated[int, typer.Option(min=1, help="how many NICs to enslave")] = 2,
) -> None:
    """Build a topology, bonds up with addresses, and talk to it through Mininet's command line.

    The bond of the host under test is 10.0.0.1, the peer 10.0.0.2, a second peer 10.0.0.3. Commands come from
    the terminal or from a pipe. At the end of the input, or after 'exit', nothing is left behind.
    """
    it = topologies.build(name)
    if len(it.slaves) < slaves:
        raise TopologyError(f"{name}: --slaves {slaves}, but the host has {len(it.slaves)} NICs")
    _go_inside()
    _play(it, mode, miimon, slaves)


@app.command(epilog="Example: bondlab chaos --seed 7 --for 60 --topo two_switch_isl --mode active-backup")
@_plainly
def chaos(
    seed: Annotated[int, typer.Option(help="which story of faults")] = 1,
    for_s: Annotated[float, typer.Option("--for", min=1, help="how long, in seconds")] = 60,
    topo: Annotated[str, typer.Option(help="a topology, see 'bondlab topo list'")] = "single_switch",
    mode: Annotated[str, typer.Option(help="bonding mode")] = "active-backup",
    miimon: Annotated[int, typer.Option(help="interval of the MII monitor, ms")] = 100,
    slaves: Annotated[int, typer.Option(min=1, help="how many NICs to enslave")] = 2,
) -> None:
    """Break and mend cables and switches at random, and check after each whether the peer is reachable.

    The same seed, the same faults. A failing story is shrunk to the faults that it takes; the status is 1.
    """
    it = topologies.build(topo)
    if len(it.slaves) < slaves:
        raise TopologyError(f"{topo}: --slaves {slaves}, but the host has {len(it.slaves)} NICs")
    _go_inside()
    from lab.chaos.play import Setting
    from lab.chaos.run import chaos as run

    if not run(it, Setting(mode, slaves, miimon), seed, for_s, print):
        raise typer.Exit(FAILED)


@app.command(epilog="Example: bondlab clean")
@_plainly
def clean() -> None:
    """Remove what runs that were killed have left on this machine. Runs that are alive are not touched."""
    from lab import runs

    try:
        done = runs.clean_stale()
    except PermissionError as error:
        raise LabBroken(f"{error.filename}: {error.strerror}: run this with sudo") from error
    for line in done:
        print(f"cleaned {line}")
    if not done:
        print("nothing to clean: no run has left anything")
    if any("FAILED" in line for line in done):
        raise LabBroken("not everything could be cleaned; see above")


def _go_inside() -> None:
    """Start this command anew in a sandbox, if it is not in one. Raises LabBroken."""
    from lab import sandbox  # late, like all that needs root: the other commands start in no time

    if not sandbox.inside():
        if os.geteuid() != 0:
            raise LabBroken("a lab needs root: run this with sudo")
        sys.stdout.flush()
        sandbox.exec_inside([sys.executable, "-m", "lab.cli", *sys.argv[1:]])


def _play(it: Topology, mode: str, miimon: int, slaves: int) -> None:
    from bondimpl.runtime.control import SOCKET_VARIABLE
    from lab.bonding import HOST_IP, PEER_IP, Bonding
    from lab.drivers.fleet import Fleet
    from lab.hosts.namespace import search_path
    from lab.prompt import talk
    from lab.rundir import new_directory
    from lab.testbed import Testbed

    with Testbed.build(it, new_directory()) as bed:
        drivers = Fleet(bed)
        bond = Bonding(bed, drivers)(mode, slaves, miimon=miimon)
        host, peer = bond.host.name, bed.host("peer").name
        sockets = drivers.userspace.sockets
        os.environ |= {"PATH": search_path(), SOCKET_VARIABLE: sockets[host]}  # for the command sh
        print(f"{it.name}: {host} is {HOST_IP} (bond0, {mode}), {peer} is {PEER_IP}")
        print(f"{host} carries the bond. Try:")
        for words in (f"ping -c3 {peer}", "bondctl status bond0 --proc", "bondctl log bond0"):
            print(f"  {host} {words}")
        talk(bed, sockets)


def main() -> None:
    """Entry point of `bondlab`."""
    app()


if __name__ == "__main__":
    main()
