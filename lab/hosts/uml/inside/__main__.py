"""The guest's first process."""

from __future__ import annotations

import os
import traceback

from lab.hosts.uml.inside import nics, root
from lab.hosts.uml.inside.agent import Agent
from lab.hosts.uml.inside.line import SerialLine
from lab.hosts.uml.inside.syscalls import power_off

SERIAL = "/dev/ttyS0"


def main() -> None:
    """Set the guest up, do what the serial line asks for, and end the guest."""
    line = SerialLine(SERIAL)
    try:
        _serve(line)
    except Exception:
        line.send(failed=traceback.format_exc())
    power_off()


def _serve(line: SerialLine) -> None:
    root.assemble()
    root.load_drivers()  # IPv6 comes with them: a namespace must not be without its settings
    cabling = nics.hide_cabling()
    agent = Agent(line, cabling)
    line.send(ready=os.uname().release)
    agent.serve()


if __name__ == "__main__":
    main()
