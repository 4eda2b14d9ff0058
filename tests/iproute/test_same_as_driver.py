"""The same `ip` commands on the kernel's driver, in a guest, and through contrib/ip on bondd of era 6.x."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab import sandbox
from lab.availability import unavailable
from lab.hosts.base import Host
from lab.testbed import Testbed
from lab.waiting import eventually
from topologies import kernel_peer

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "tests/data/iproute/commands.txt").read_text()

Told = Mapping[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Told, Told]]]:
    """Of each command what the kernel's driver and what bondd made of it."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/iproute")
    topology = kernel_peer.build()
    if why := unavailable(topology):
        pytest.skip(why)
    with Testbed.build(topology, tmp_path_factory.mktemp("told")) as bed:
        kernel, ours = bed.host("peer"), bed.host("host")
        kernel.run(["sh", "-c", "modprobe bonding max_bonds=0 && modprobe veth"])
        socket = tmp_path_factory.mktemp("bondd") / "bondd.sock"
        ours.start(["bondd", "--socket", str(socket), "--era", "6.x"])
        eventually(socket.exists, within=10)
        with ThreadPoolExecutor(1) as meanwhile:
            by_kernel = meanwhile.submit(_replayed, kernel)
            by_bondd = _replayed(ours, f"{ROOT}/contrib:", str(socket))
            yield list(zip(by_kernel.result(), by_bondd, strict=True))


def _replayed(host: Host, before_path: str = "", socket: str = "") -> list[Told]:
    script = 'PATH="$1$PATH" BONDD_SOCKET="$2" exec "$3" "$4"'
    replay = str(ROOT / "tests/iproute/replay.py")
    argv = ["sh", "-c", script, "sh", before_path, socket, sys.executable, replay]
    printed = host.run(argv, text_in=COMMANDS, timeout_s=120).stdout
    return [json.loads(line) for line in printed.splitlines()]


def test_there_are_many_commands(told: list[tuple[Told, Told]]) -> None:
    assert len(told) >= 80
    assert {kernel["status"] for kernel, _ in told} >= {0, 1, 2, 255}


def test_exit_codes_are_the_same(told: list[tuple[Told, Told]]) -> None:
    unlike = [
        (kernel["command"], kernel["status"], kernel["said"], ours["status"], ours["said"])
        for kernel, ours in told
        if kernel["status"] != ours["status"]
    ]
    assert unlike == []


def test_refusals_say_why(told: list[tuple[Told, Told]]) -> None:
    """A refusal has words of its own; only where `ip` itself refuses they are ip's."""
    for kernel, ours in told:
        assert bool(ours["said"]) == bool(kernel["said"]), ours
        if kernel["status"] in (1, 255) and "Usage" not in kernel["said"]:
            assert ours["said"] == kernel["said"]


def test_bonds_and_slaves_are_the_same(told: list[tuple[Told, Told]]) -> None:
    for kernel, ours in told:
        assert ours["bonds"] == kernel["bonds"], ours["command"]


def test_text_is_the_same(told: list[tuple[Told, Told]]) -> None:
    shown = [(kernel, ours) for kernel, ours in told if " show" in kernel["command"]]
    assert len(shown) >= 10
    for kernel, ours in shown:
        assert _comparable(ours["printed"]) == _comparable(kernel["printed"]), ours["command"]


def _comparable(text: str) -> list[str]:
    """Without what the kernel knows of a TAP and of other interfaces: only bonds and slaves are compared."""
    blocks = re.split(r"(?m)^(?=\d+: |\S+ +[A-Z]+ )", text)
    kept = [block for block in blocks if re.search(r"MASTER|SLAVE", block) or not block[:1].isdigit()]
    joined = "".join(kept)
    for pattern, instead in (
        (r"(?m)^\d+: ", ""),
        (r"NO-CARRIER,", ""),
        (r"qdisc \S+", "qdisc"),
        (r"(?m)promiscuity \d+.*?maxmtu \d+", ""),
        (r" (addrgenmode \S+ )?numtxqueues.*", ""),
        (r"qlen \d+", ""),
        (r"(?!02:00)(\b\w\w:){5}\w\w", "some address"),
        (r"state (UNKNOWN|DOWN)|(bond\d +)(UNKNOWN|DOWN) +", r"\2no carrier"),
        (r"(?m)^    inet6.*\n.*valid_lft.*\n", ""),
    ):
        joined = re.sub(pattern, instead, joined)
    return joined.splitlines()
