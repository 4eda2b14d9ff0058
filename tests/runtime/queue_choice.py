"""Choosing the transmit queue of frames that leave by a device, as `tc ... skbedit queue_mapping` does."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.runtime.lab import run

_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
_PROG_LOAD, _LINK_CREATE = 5, 28
_SCHED_CLS, _TCX_EGRESS = 3, 47
_SO_MARK = 36
_INSTRUCTIONS = (
    (0x61, 0x12, 8, 0),  # r2 = the frame's mark
    (0x15, 0x02, 2, 0),  # unless there is one, go on
    (0x07, 0x02, 0, 1),  # the kernel has numbers from 1 on
    (0x63, 0x21, 12, 0),  # the frame's queue mapping = r2
    (0xB7, 0x00, 0, -1),
    (0x95, 0x00, 0, 0),
)


@contextmanager
def by_mark(device: str, *queues: int) -> Iterator[None]:
    """Frames whose mark is one of these numbers are meant for the queue of that number."""
    run("tc", "qdisc", "add", "dev", device, "clsact")
    if all(_skbedit(device, queue) for queue in queues):
        yield
        return
    link = _program(device)
    try:
        yield
    finally:
        os.close(link)


def _skbedit(device: str, queue: int) -> bool:
    where = ("tc", "filter", "add", "dev", device, "egress", "protocol", "all", "handle", str(queue), "fw")
    return run(*where, "action", "skbedit", "queue_mapping", str(queue), check=False).returncode == 0


def _program(device: str) -> int:
    """The same on a kernel without that action: a program of our own. Its end is that of the descriptor."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=BBhi", *each) for each in _INSTRUCTIONS))
    licence = ctypes.create_string_buffer(b"GPL")
    addresses = ctypes.addressof(code), ctypes.addressof(licence)
    program = _bpf(_PROG_LOAD, struct.pack("=IIQQ96x", _SCHED_CLS, len(_INSTRUCTIONS), *addresses))
    try:
        index = socket.if_nametoindex(device)
        return _bpf(_LINK_CREATE, struct.pack("=IIIIIIQ", program, index, _TCX_EGRESS, 0, 0, 0, 0))
    finally:
        os.close(program)


def _bpf(command: int, attributes: bytes) -> int:
    request = ctypes.create_string_buffer(attributes, len(attributes))
    number = _BPF.get(platform.machine(), -1)
    result = int(ctypes.CDLL(None, use_errno=True).syscall(number, command, request, len(attributes)))
    if result < 0:
        reason = os.strerror(ctypes.get_errno())
        pytest.skip(f"this kernel can choose no transmit queue: no act_skbedit, and bpf says {reason}")
    return result


def send(mark: int, payload: bytes, to: str, count: int = 3) -> None:
    """UDP with that mark (0: none)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, _SO_MARK, mark)
        for _ in range(count):
            sender.sendto(payload, (to, 9))
