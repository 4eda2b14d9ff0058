"""The same reads and writes on the kernel's driver, in a guest, and on bondd (era 6.x) with bondfs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import sandbox
from lab.availability import unavailable
from lab.bondfs.hosts import show_bonds
from lab.hosts.base import Completed, Host
from lab.testbed import Testbed
from lab.waiting import eventually
from topologies import kernel_peer

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data/bondfs"

# Of its own: what one of the two does to the cables of the testbed, the other one sees.
CABLES = "for n in 0 1; do ip link add a$n type veth peer name b$n && ip link set b$n up; done"

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What each has answered to the lines of commands.txt, and what session.sh has printed."""

    answers: list[tuple[Answer, Answer]]
    sessions: tuple[Completed, Completed]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Of the kernel's driver, and of bondd."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/bondfs")
    if not Path("/dev/fuse").exists():
        pytest.skip("needs /dev/fuse")
    topology = kernel_peer.build()
    if why := unavailable(topology):
        pytest.skip(why)
    directory = tmp_path_factory.mktemp("told")
    with Testbed.build(topology, directory) as bed, ThreadPoolExecutor(1) as meanwhile:
        kernel, ours = bed.host("peer"), bed.host("host")
        by_kernel = meanwhile.submit(_told, kernel, "modprobe bonding max_bonds=0 && modprobe veth")
        socket = directory / "bondd.sock"
        ours.start(["bondd", "--socket", str(socket), "--era", "6.x"])
        eventually(socket.exists, within=10)
        show_bonds(ours, str(socket), directory / "bondfs")
        answers, session = _told(ours, "true")
        kernel_answers, kernel_session = by_kernel.result()
        yield Told(list(zip(kernel_answers, answers, strict=True)), (kernel_session, session))


def _told(host: Host, first: str) -> tuple[list[Answer], Completed]:
    host.run(["sh", "-c", f"{first} && {CABLES}"])
    session = host.run(["sh", str(DATA / "session.sh"), "a0", "a1"], check=False)
    replay = str(ROOT / "tests/bondfs/replay.py")
    commands = (DATA / "commands.txt").read_text()
    printed = host.run([sys.executable, replay], text_in=commands, timeout_s=120).stdout
    return [json.loads(line) for line in printed.splitlines()], session


def test_there_are_many_lines_of_every_kind(told: Told) -> None:
    assert len(told.answers) >= 250
    answered = {str(kernel["answer"]) for kernel, _ in told.answers}
    errors = {"EPERM", "EACCES", "EINVAL", "ENODEV", "ENOENT", "EEXIST", "EBUSY", "ENOTEMPTY", "EIO"}
    assert answered >= errors
    assert "False" not in answered, "something was waited for in vain"


def test_writes_end_alike(told: Told) -> None:
    """Done, or refused with the same errno."""
    unlike = [
        (kernel["line"], kernel["answer"], ours["answer"])
        for kernel, ours in told.answers
        if kernel["line"].startswith(("write", "wait", "sh")) and kernel["answer"] != ours["answer"]
    ]
    assert unlike == []


def test_files_and_links_are_the_same(told: Told) -> None:
    """Names and permissions, links, texts."""
    unlike = [
        (kernel["line"], *pair)
        for kernel, ours in told.answers
        if not kernel["line"].startswith(("write", "wait", "sh"))
        for pair in _unlike(kernel, ours)
    ]
    assert unlike == []


def _unlike(kernel: Answer, ours: Answer) -> Iterator[tuple[str, Any, Any]]:
    theirs, own = kernel["answer"], ours["answer"]
    if isinstance(theirs, dict) and isinstance(own, dict):
        for name in sorted({*theirs, *own}):
            if theirs.get(name) != own.get(name):
                yield name, theirs.get(name), own.get(name)
    elif _without_version(theirs) != _without_version(own):
        yield kernel["line"], theirs, own


def _without_version(text: Any) -> Any:
    return re.sub(r"^(Ethernet Channel Bonding Driver: v).*", r"\1", text) if isinstance(text, str) else text


def test_a_session_at_the_shell_is_the_same(told: Told) -> None:
    kernel, ours = told.sessions
    assert (ours.returncode, ours.stdout) == (kernel.returncode, kernel.stdout)
    assert kernel.returncode == 0
    assert "mode 1 is active-backup" in kernel.stdout
