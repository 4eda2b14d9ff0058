"""The prompt of `bondlab up`: Mininet's command line, which outlives the mistakes that one makes at it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial

from mininet.cli import CLI
from mininet.log import error as tell
from mininet.log import lg

from bondimpl.runtime.control import SOCKET_VARIABLE
from lab.errors import LabError
from lab.hosts.base import Host
from lab.hosts.namespace import search_path
from lab.testbed import Testbed


class Prompt(CLI):  # type: ignore[misc]  # mininet has no annotations
    """A command that fails is one line, and the lab stays."""

    def onecmd(self, line: str) -> bool:
        """Do a command; whether it was the last."""
        try:
            return bool(super().onecmd(line))
        except Exception as failure:
            for node in self.mn.values():
                if node.waiting:  # its command has lost whom it tells its end
                    node.sendInt()
                    node.waitOutput()
            kind = "" if isinstance(failure, LabError) else f"{type(failure).__name__}: "
            tell(f"*** {line.split()[0]}: {kind}{' '.join(str(failure).split())}\n")
            return False


def talk(bed: Testbed, sockets: Mapping[str, str]) -> None:
    """Take commands from the terminal, or a pipe, to their end. The hosts answer to their names.

    The programs of the project are found there; those on a host speak to the daemon at its one of `sockets`.
    """
    for node in bed.net.values():
        socket = {SOCKET_VARIABLE: sockets[node.name]} if node.name in sockets else {}
        node.export(PATH=search_path(), **socket)
    for name, host in bed.hosts.items():
        bed.net[name].find_address = partial(address_of, host)
    for handler in lg.handlers:  # what commands print is output, not a log on stderr
        handler.setStream(sys.stdout)
    CLI.prompt = "mininet> " if sys.stdin.isatty() else ""
    sys.stdout.flush()
    Prompt(bed.net, stdin=sys.stdin)


def address_of(host: Host) -> str | None:
    """The host's first IPv4 address, on whichever of its interfaces."""
    told = host.run(["ip", "-4", "-json", "address", "show", "scope", "global"]).stdout
    for interface in json.loads(told or "[]"):
        for address in interface.get("addr_info", ()):
            return str(address["local"])
    return None
