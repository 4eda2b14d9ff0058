"""How long each topology takes to be there, and to be gone: a table, medians in ms.

A topology is there when every cable has a carrier at both ends and every switch forwards; it is gone when its
namespaces are. Kernel guests, which take seconds to boot, are left out. Root needed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import topologies
from lab import sandbox
from lab.availability import unavailable
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.topology import Topology
from topologies import bladecenter


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; see the module."""
    given = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(prog="bench.bringup", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="how often each (7)")
    arguments = parser.parse_args(given)
    if os.geteuid() != 0:
        print("bench.bringup: run as root: it makes network namespaces", file=sys.stderr)
        return 1
    if not sandbox.inside():
        sandbox.exec_inside([sys.executable, "-m", "bench.bringup", *given])
    print("| topology | hosts | switches | cables | up, ms | gone, ms |")
    print("|---|---|---|---|---|---|")
    for name, topology in _measured():
        times = [_once(topology) for _ in range(1 + arguments.runs)][1:]  # the first loads libraries
        up, gone = (statistics.median(each) for each in zip(*times, strict=True))
        sizes = f"{len(topology.hosts)} | {len(topology.switches)} | {len(topology.cables)}"
        print(f"| `{name}` | {sizes} | {up:.0f} | {gone:.0f} |", flush=True)
    return 0


def _measured() -> Iterator[tuple[str, Topology]]:
    for name in topologies.BUILDERS:
        topology = topologies.build(name)
        if "kernel" not in name and not unavailable(topology):
            yield name, topology
    yield "bladecenter, 14 blades, four ESMs", bladecenter.build(["esm"] * 4, blades=14)


def _once(topology: Topology) -> tuple[float, float]:
    directory = new_directory()
    begun = time.monotonic()
    bed = Testbed.build(topology, directory)
    there = time.monotonic()
    bed.close()
    return (there - begun) * 1e3, (time.monotonic() - there) * 1e3


if __name__ == "__main__":
    sys.exit(main())
