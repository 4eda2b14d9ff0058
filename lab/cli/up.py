"""`bondlab up`: a lab to play in, which other commands reach while it is up."""

from __future__ import annotations

import os
from contextlib import ExitStack

from rich.console import Console

from lab.cli.frame import Miimon, Mode, Slaves, Topo, go_inside, with_slaves
from lab.topology import Topology


def up(
    name: Topo,
    mode: Mode = "active-backup",
    miimon: Miimon = 100,
    slaves: Slaves = 2,
) -> None:
    """Build a topology, bonds up with addresses, and talk to it through Mininet's command line.

    The bond of the host under test is 10.0.0.1, the peer 10.0.0.2, a second peer 10.0.0.3. Commands come from
    the terminal or from a pipe. At the end of the input, or after 'exit', nothing is left behind. Meanwhile
    'bondlab fault' and 'bondlab watch' work in another terminal.
    """
    it = with_slaves(name, slaves)
    go_inside()
    _play(it, mode, miimon, slaves)


def _play(it: Topology, mode: str, miimon: int, slaves: int) -> None:
    from bondimpl.runtime.control import SOCKET_VARIABLE
    from lab.bonding import HOST_IP, PEER_IP, Bonding
    from lab.drivers.fleet import Fleet
    from lab.hosts.namespace import search_path
    from lab.prompt import talk
    from lab.remote.commands import of_lab
    from lab.remote.desk import FaultDesk
    from lab.remote.server import NAME, Server
    from lab.rundir import new_directory, run_directory
    from lab.testbed import Testbed

    with ExitStack() as stack:
        with Console(stderr=True).status(f"{it.name}: building"):
            bed = stack.enter_context(Testbed.build(it, new_directory()))
            drivers = Fleet(bed)
            bonding = Bonding(bed, drivers)
            bond = bonding(mode, slaves, miimon=miimon)
        desk = FaultDesk(bed)
        stack.callback(desk.heal_all)
        stack.callback(Server(run_directory() / NAME, of_lab(bed, bonding, desk)).close)
        host, peer = bond.host.name, bed.host("peer").name
        sockets = drivers.userspace.sockets
        os.environ |= {"PATH": search_path(), SOCKET_VARIABLE: sockets[host]}  # for the command sh
        print(f"{it.name}: {host} is {HOST_IP} (bond0, {mode}), {peer} is {PEER_IP}")
        print(f"{host} carries the bond. Try:")
        for words in (f"ping -c3 {peer}", "bondctl status bond0 --proc", "bondctl log bond0"):
            print(f"  {host} {words}")
        talk(bed, sockets)
