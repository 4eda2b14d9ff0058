"""The guest's first process."""

from __future__ import annotations

import os
import traceback
from typing import Any

from lab.hosts.uml.inside import nics, root
from lab.hosts.uml.inside.agent import Agent
from lab.hosts.uml.inside.line import SerialLine
from lab.hosts.uml.inside.syscalls import power_off
from lab.sysctl import ipv6_settings, set_sysctls

SERIAL = "/dev/ttyS0"


def main() -> None:
    """Set the guest up as the first line says, do what the others ask for, and end the guest."""
    line = SerialLine(SERIAL)
    try:
        line.send(hello=os.uname().release)
        _serve(line)
    except Exception:
        line.send(failed=traceback.format_exc())
    power_off()


def _serve(line: SerialLine) -> None:
    root.assemble()
    cabling = nics.move_out()
    root.load_drivers()
    set_sysctls(ipv6_settings(False))
    orders: list[dict[str, Any]] | None = []
    while orders == []:
        orders = line.receive()
    if orders:
        setup = orders[0]
        nics.make(setup["nics"], setup["probes"])
        os.environ.clear()
        os.environ.update(setup["environment"])
        agent = Agent(line, list(setup["nics"]), cabling)
        line.send(ready=True)
        agent.serve()


if __name__ == "__main__":
    main()
