"""The control socket, its clients and the daemon at their limits."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bondimpl.clock import RealClock, VirtualClock
from bondimpl.errors import MachineError
from bondimpl.runtime.control import ControlClient
from bondimpl.runtime.control_server import BACKLOG, LONGEST_LINE, PAUSE_MS, ControlServer
from bondimpl.runtime.loop import Loop
from tests.runtime.lab import Daemon, Lab
from tests.runtime.said import read_reply

pytestmark = pytest.mark.root


def test_line_without_end_is_refused(bondd: Daemon, raw: socket.socket) -> None:
    raw.sendall(b"x" * (LONGEST_LINE + 1))
    assert read_reply(raw)["errno"] == "EMSGSIZE"
    assert raw.recv(1) == b""
    assert bondd.control.call("list") == []


def test_silent_daemon_is_told_of(lab: Lab) -> None:
    path = lab.directory / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with (
            ControlClient(str(path), timeout_s=0.05) as control,
            pytest.raises(MachineError, match=r"0\.05 s"),
        ):
            control.call("list")


def test_no_descriptor_left(tmp_path: Path) -> None:
    """Steps: a client comes when descriptors are used up. Verify: one try, a pause; then it is served."""
    clock, real = VirtualClock(), RealClock()
    loop = Loop(real, print)
    server = ControlServer(tmp_path / "control", loop, clock, lambda _: "served", print)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "control"))
        client.sendall(b'{"command": "list"}\n')
        free = os.dup(0)
        os.close(free)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
            assert _handled_within(loop, real, 50.0) == 1
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        clock.advance(PAUSE_MS)
        _handled_within(loop, real, 50.0)
        client.settimeout(5)
        assert read_reply(client)["result"] == "served"
    server.close()
    loop.close()


def _handled_within(loop: Loop, clock: RealClock, duration_ms: float) -> int:
    """Let the loop run so long; how often it had something to do before the end of that."""
    rounds = 0
    guarded = loop._guarded

    def counted(call: Callable[..., None], *arguments: int) -> None:
        nonlocal rounds
        rounds += bool(arguments)
        guarded(call, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_guarded", counted)
        clock.call_at(clock.now() + duration_ms, loop.stop)
        loop.run()
    return rounds


def test_slow_monitor_is_left_behind(bondd: Daemon, raw: socket.socket) -> None:
    """Steps: a client monitors and never reads. Verify: nobody waits for it; it is hung up on."""
    bondd.add("bond0", up=False, mode="active-backup", miimon="100")
    raw.sendall(b'{"command": "monitor"}\n')
    assert read_reply(raw)["ok"]
    shortest_event = 90
    for number in range((BACKLOG + _kernel_buffers(raw)) // shortest_event):
        bondd.control.call("set", bond="bond0", option="miimon", value=str(100 + number % 2))
    received = 0
    while data := raw.recv(1 << 16):
        received += len(data)
    assert received < BACKLOG + _kernel_buffers(raw)


def _kernel_buffers(connection: socket.socket) -> int:
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) * 2
