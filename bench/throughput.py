"""One TCP stream over an active-backup bond, beside the same path without a bond.

    host                                  peer (a network namespace)
    bond0 -+- eth0 ---- port0 -+
           +- eth1 ---- port1 -+- br0
    eth2 ------------- port2 --+

Runs in namespaces of its own (root needed), the two paths in turn. The table shows the median of the runs in
Gbit/s. Exit status 1 when the bond's share of the bare path, outwards, is below the bound.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bondimpl.errors import MachineError
from bondimpl.runtime.control import ControlClient
from lab.waiting import TimeOut, eventually

BOUND = 0.45
"""Of the bare path, which the bond has to reach."""

UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_INSIDE = "BONDLAB_BENCH_INSIDE"
_PEER_OF = {"bond": "10.77.0.2", "bare": "10.78.0.2"}


@dataclass(frozen=True, slots=True)
class Result:
    """Gbit/s of the runs over one path in one direction."""

    path: str
    outwards: bool
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; see the module."""
    arguments = _parser().parse_args(argv)
    if os.geteuid() != 0:
        print("bench.throughput: run as root: it makes network namespaces", file=sys.stderr)
        return 1
    if _INSIDE not in os.environ:
        again = [
            *UNSHARE,
            sys.executable,
            "-m",
            "bench.throughput",
            *(sys.argv[1:] if argv is None else argv),
        ]
        return subprocess.run(again, env=os.environ | {_INSIDE: "1"}, check=False).returncode
    with tempfile.TemporaryDirectory() as directory, _lab(Path(directory)):
        results = _measure(arguments.runs, max(1, arguments.seconds))
    return _report(results, arguments.bound)


def _measure(runs: int, seconds: int) -> list[Result]:
    found: dict[tuple[str, bool], list[float]] = {}
    for number in range(runs):
        for outwards in (True, False):
            # Whoever is first changes from run to run, so that a drift of the machine hits both alike.
            for path in ("bond", "bare")[:: 1 if number % 2 else -1]:
                found.setdefault((path, outwards), []).append(_stream(_PEER_OF[path], outwards, seconds))
    return [Result(path, outwards, tuple(values)) for (path, outwards), values in found.items()]


def _stream(peer: str, outwards: bool, seconds: int) -> float:
    command = ["iperf3", "--client", peer, "--time", str(seconds), "--json"]
    answer = _run(*command, *([] if outwards else ["--reverse"]))
    return float(json.loads(answer)["end"]["sum_received"]["bits_per_second"]) / 1e9


def _report(results: Sequence[Result], bound: float) -> int:
    by_kind = {(result.path, result.outwards): result for result in results}
    print(f"{'':10}{'bond':>8}{'bare':>8}{'ratio':>8}   runs over the bond")
    ratios = {}
    for outwards in (True, False):
        bond, bare = by_kind["bond", outwards], by_kind["bare", outwards]
        ratios[outwards] = bond.median / bare.median
        runs = " ".join(f"{value:.1f}" for value in bond.runs)
        word = "out" if outwards else "in"
        print(f"{word:10}{bond.median:8.1f}{bare.median:8.1f}{ratios[outwards]:8.2f}   {runs}")
    if ratios[True] < bound:
        print(f"the bond reaches less than {bound} of the bare path", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _lab(directory: Path) -> Iterator[None]:
    """The picture of the module, with addresses, bondd and iperf3's server."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    daemon = server = None
    quiet = subprocess.DEVNULL
    try:
        _until(lambda: _namespace("self") != _namespace(str(holder.pid)))
        _cable(str(holder.pid))
        socket = directory / "bondd.sock"
        daemon = subprocess.Popen([sys.executable, "-m", "bondimpl.cli.bondd", "--socket", str(socket)])
        control = ControlClient(str(socket))
        _until(lambda: _answers(control))
        _bond(control)
        server = subprocess.Popen([*_in_peer(holder.pid), "iperf3", "--server"], stdout=quiet, stderr=quiet)
        _until(lambda: _listens(holder.pid))
        yield
    finally:
        for process in (server, daemon, holder):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait()


def _cable(peer: str) -> None:
    _run("ip", "link", "set", "dev", "lo", "up")
    inside = ["link add dev br0 type bridge mcast_snooping 0", "link set dev br0 up"]
    for number in range(3):
        near, far = f"eth{number}", f"port{number}"
        _run("ip", "link", "add", "dev", near, "type", "veth", "peer", "name", far, "netns", peer)
        inside += [f"link set dev {far} master br0", f"link set dev {far} up"]
    inside += [f"address add {address}/24 dev br0" for address in _PEER_OF.values()]
    _run(*_in_peer(int(peer)), "ip", "-batch", "-", text="\n".join(inside))
    _run("ip", "link", "set", "dev", "eth2", "up")
    _run("ip", "address", "add", "10.78.0.1/24", "dev", "eth2")


def _bond(control: ControlClient) -> None:
    control.call("add", bond="bond0", options={"mode": "active-backup", "miimon": "100"})
    control.call("up", bond="bond0")
    for slave in ("eth0", "eth1"):
        control.call("enslave", bond="bond0", slave=slave)
    _run("ip", "address", "add", "10.77.0.1/24", "dev", "bond0")


def _in_peer(pid: int) -> list[str]:
    return ["nsenter", f"--net=/proc/{pid}/ns/net"]


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _namespace(process: str) -> int:
    return os.stat(f"/proc/{process}/ns/net").st_ino


def _answers(control: ControlClient) -> bool:
    try:
        control.call("version")
    except MachineError:
        return False
    return True


def _listens(pid: int) -> bool:
    # State 0A is LISTEN, 1451 is port 5201.
    return any(":1451 " in line and " 0A " in line for line in Path(f"/proc/{pid}/net/tcp6").open())


def _until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    try:
        eventually(condition, within_s, what="the lab is ready")
    except TimeOut as late:
        raise SystemExit(f"bench.throughput: {late}") from late


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description="TCP over a bond.")
    parser.add_argument(
        "--runs", type=int, default=5, help="of each path and direction (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=int, default=2, help="of each run (default: %(default)s)")
    parser.add_argument("--bound", type=float, default=BOUND, help="lowest ratio (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
