"""The rule by which the kernel puts the host's frames into the queues of a TAP (option `queue_id`).

By itself a TAP deals flows out over its queues. With this rule, a program for the kernel's eBPF machine, a
frame goes into the queue that was chosen for it above (`tc ... skbedit queue_mapping`), and all others into
the first, as in today's driver. A frame that comes from another device's receive queue N, on its way through
this host, counts as meant for queue N there; so it does here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from bondimpl.errors import MachineError

_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
"""Number of the system call."""
_PROG_LOAD, _SOCKET_FILTER = 5, 1
_ATTRIBUTES = struct.Struct("=IIQQ96x")
_INSTRUCTION = struct.Struct("=BBhi")
_QUEUE_MAPPING = 12
"""Offset in `struct __sk_buff`; the kernel has the queue's number plus one there, or 0."""
_PROGRAM = b"".join(
    _INSTRUCTION.pack(*instruction)
    for instruction in (
        (0x61, 0x10, _QUEUE_MAPPING, 0),  # r0 = frame's mapping
        (0x15, 0x00, 1, 0),  # when it is 0, that is all
        (0x07, 0x00, 0, -1),  # r0 -= 1
        (0x95, 0x00, 0, 0),  # the queue is r0, modulo their number
    )
)


def load() -> int:
    """A descriptor of the program. Raises MachineError."""
    number = _BPF.get(platform.machine())
    if number is None:
        raise MachineError(f"no transmit queues on {platform.machine()}", "EOPNOTSUPP")
    program, licence = ctypes.create_string_buffer(_PROGRAM), ctypes.create_string_buffer(b"GPL")
    request = ctypes.create_string_buffer(
        _ATTRIBUTES.pack(
            _SOCKET_FILTER,
            len(_PROGRAM) // _INSTRUCTION.size,
            ctypes.addressof(program),
            ctypes.addressof(licence),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    fd = int(libc.syscall(number, _PROG_LOAD, request, _ATTRIBUTES.size))
    if fd < 0:
        reason = ctypes.get_errno()
        text = f"cannot steer frames into transmit queues: {os.strerror(reason)}"
        raise MachineError(text, errno.errorcode.get(reason, "EIO"))
    return fd
