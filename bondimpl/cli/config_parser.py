"""The commands of bondctl about configuration files, as one types them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from bondimpl.runtime.control import ControlClient

Arguments = argparse.Namespace
Run = Callable[[ControlClient, Arguments], None]


def add_commands(commands: Any) -> None:
    """To the subparsers of bondctl."""

    def command(name: str, text: str, path: str | None = "PATH") -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=_run(name))
        if path:
            added.add_argument(
                "path",
                metavar="PATH",
                nargs="?" if path == "[PATH]" else None,
                help="file, directory or root",
            )
            added.add_argument("--dialect", metavar="NAME", help="when the files do not tell")
        return added

    apply = command("apply", "start the bonds of a configuration: all of them, or none")
    apply.add_argument("--only", metavar="BOND", help="this one, also when it is not started at boot")
    apply.add_argument(
        "--modprobe", metavar="PROGRAM", help="loads the drivers of NICs (default: they are there)"
    )
    unapply = command("unapply", "delete the bonds of a configuration")
    unapply.add_argument("--only", metavar="BOND", help="this one")
    command("check", "say what is wrong with a configuration, as file:line: key: reason")
    export = command("export", "write a configuration, or the running bonds, in a dialect", "[PATH]")
    export.add_argument("--as", metavar="NAME", required=True, dest="target")
    export.add_argument("--to", metavar="DIR", help="write the files there (default: show them)")
    slave = command("slave-file", "make the file of a sysconfig NIC that of a slave", None)
    slave.add_argument("path", metavar="FILE", help="ifcfg-id-MAC, as it was made for DHCP")
    slave.add_argument("--in-place", action="store_true", help="change the file (default: show it)")
    detect = command("detect", "which dialect the network scripts of a system speak", None)
    detect.add_argument(
        "--query", metavar="PROGRAM", default="rpm", help="answers to -qf FILE (default: rpm)"
    )
    detect.add_argument("--json", action="store_true")
    detect.add_argument("root", metavar="ROOT", nargs="?", default="/", help="default: /")
    command("explain", "what an option does, and what it may be", None).add_argument(
        "option", metavar="OPTION"
    )


def _run(name: str) -> Run:
    def run(control: ControlClient, arguments: Arguments) -> None:
        # Imported when needed: the option table takes half of the time that bondctl starts in.
        from bondimpl.cli import config_commands

        config_commands.COMMANDS[name](control, arguments)

    return run
