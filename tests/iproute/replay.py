"""Runs `ip` commands from standard input, one a line; tells of each how it ended and the bonds then, as JSON.

It runs by itself, on any Linux with `ip` in PATH: beside bondd, and in a guest with the kernel's driver.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

# Not NO-CARRIER: of a new bond the kernel tells it later.
FLAGS = {"MASTER", "SLAVE", "UP", "LOWER_UP"}


def bonds() -> dict[str, Any]:
    """What `ip -d -j link` tells of every bond and slave, by name."""
    links = json.loads(subprocess.check_output(["ip", "-d", "-j", "link"]))
    return {link["ifname"]: _facts(link) for link in links if set(link["flags"]) & {"MASTER", "SLAVE"}}


def _facts(link: dict[str, Any]) -> dict[str, Any]:
    about = link["linkinfo"]
    which = "info" if "MASTER" in link["flags"] else "info_slave"
    return {
        "flags": sorted(FLAGS & set(link["flags"])),
        "master": link.get("master"),
        "mtu": link["mtu"],
        "kind": about.get(f"{which}_kind"),
        "data": about.get(f"{which}_data"),
    }


def main() -> None:
    """One JSON object a command."""
    for line in map(str.strip, sys.stdin):
        if line and not line.startswith("#"):
            done = subprocess.run(line.split(), capture_output=True, text=True, check=False)
            told = {
                "command": line,
                "status": done.returncode,
                "printed": done.stdout,
                "said": done.stderr,
                "bonds": bonds(),
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
