"""`bondlab topo`: the topologies there are."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

import topologies
from lab.availability import unavailable
from lab.cli.frame import Topo, plainly

topo = typer.Typer(
    no_args_is_help=True,
    help="The topologies there are.",
    epilog="Example: bondlab topo show bladecenter:esm",
)


@topo.command("list", epilog="Example: bondlab topo list")
@plainly
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
@plainly
def topo_show(name: Topo) -> None:
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
