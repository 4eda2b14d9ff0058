"""Measure and print; see the package."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.fidelity.scenarios import SCENARIOS, rig
from bench.fidelity.table import HEAD, Row, as_page
from lab import sandbox
from lab.errors import LabError
from lab.hosts.uml.guest import Guests
from lab.rundir import new_directory
from lab.under_test import DRIVERS, described

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"


def main() -> int:
    """Every scenario on every driver, in turn."""
    parser = argparse.ArgumentParser(prog="bench.fidelity", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="of each scenario on each driver (default: 20)")
    parser.add_argument("--only", default="", metavar="WORD", help="scenarios whose name has this word")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("bench.fidelity: run as root: it makes network namespaces", file=sys.stderr)
        return 1
    if not sandbox.inside():
        sandbox.exec_inside([sys.executable, "-m", "bench.fidelity", *sys.argv[1:]])
    console, guests, rows = Console(), Guests(new_directory()), []
    for scenario in SCENARIOS:
        if arguments.only not in f"{scenario.name} {scenario.mode}":
            continue
        for driver in DRIVERS:
            doing = console.status(f"{scenario.mode}: {scenario.name}: {driver}")
            with doing, rig(scenario, driver, guests) as made:
                figures = [figure for _ in range(arguments.runs) for figure in scenario.once(made)]
            rows.append(Row(scenario, driver, tuple(figures)))
            console.print(" | ".join(rows[-1].cells()), markup=False)
    guests.close()
    table = Table(*HEAD, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    if arguments.write:
        PAGE.write_text(as_page(rows, [described(driver, "6.x") for driver in DRIVERS]))
        console.print(f"written: docs/{PAGE.name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"bench.fidelity: {error}")
