"""Talking to bondd: one JSON object a line over a unix stream socket.

    {"command": "enslave", "bond": "bond0", "slave": "eth0"}
    {"ok": true, "result": null}    or    {"ok": false, "error": "one line", "errno": "EPERM"}

Several at once, all of them or none: `"slaves": [...]` instead of `slave` (enslave, release), `"options":
{...}` instead of `option` and `value` (set). `"take_down": true` enslaves interfaces that are up, too.
`"strict": true` makes a bond (add) only if a live one would take these options; otherwise those that do not
fit are left out with a warning in its log, as with parameters of the driver's module.

`"if_down": true` deletes a bond as its driver would be removed: in the HOWTO's era not while it is up.

A VLAN device over a bond: `{"command": "vlan_add", "bond": "bond0", "id": 100}`, with `name` unless it is to
be bond0.100; the result is its name. `vlan_delete` takes bond and id.

`"protocol": 2` tells the version that the client speaks, 1 when it is left out (`bondimpl.runtime.protocol`).
What is newer than that is refused as unsupported. A client newer than bondd is served, the log
tells of it.

After `{"command": "monitor"}` and its reply, each event is a line of its own until the client closes.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from bondimpl.errors import BondError, MachineError
from bondimpl.runtime.protocol import PROTOCOL

DEFAULT_SOCKET = "/run/bondimpl/bondd.sock"
SOCKET_VARIABLE = "BONDD_SOCKET"
TIMEOUT_S = 10.0


def default_socket() -> str:
    """Where bondd listens unless told otherwise."""
    return os.environ.get(SOCKET_VARIABLE) or DEFAULT_SOCKET


class ControlClient:
    """A connection to bondd, made when it is first needed. Also a context manager."""

    def __init__(self, path: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        """`timeout_s`: for how many seconds an answer is waited for."""
        self.path = path or default_socket()
        self._timeout = timeout_s
        self._socket: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def call(self, command: str, **fields: Any) -> Any:
        """The result of a command. Raises BondError as bondd did, MachineError when it does not answer."""
        try:
            request = {"command": command, "protocol": PROTOCOL, **fields}
            self._connected().sendall(json.dumps(request).encode() + b"\n")
            reply = json.loads(self._line())
        except MachineError:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            raise MachineError(f"bondd at {self.path} went away: {error}", "EPIPE") from error
        if reply["ok"]:
            return reply["result"]
        raise BondError(reply["error"], reply["errno"])

    def events(self, bond: str | None = None) -> Iterator[dict[str, Any]]:
        """Events of one bond, or of all, from now on, without end. Raises as `call` does.

        Events are counted from the call of this method, not from the first `next`.
        """
        self.call("monitor", **({"bond": bond} if bond else {}))
        return self._events()

    def _events(self) -> Iterator[dict[str, Any]]:
        self._connected().settimeout(None)
        try:
            while line := self._line():
                yield json.loads(line)
        except (OSError, ValueError) as error:
            raise MachineError(f"bondd at {self.path} went away: {error}", "EPIPE") from error

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            connection.settimeout(self._timeout)
            try:
                connection.connect(self.path)
            except OSError as error:
                connection.close()
                raise self._unreachable(error) from error
            self._socket = connection
        return self._socket

    def _unreachable(self, error: OSError) -> MachineError:
        if isinstance(error, PermissionError):
            return MachineError(f"bondd at {self.path}: permission denied; run as root", "EACCES")
        reason = error.strerror or str(error)
        return MachineError(f"no bondd answers at {self.path} ({reason}); is it running?", "ECONNREFUSED")

    def _line(self) -> bytes:
        assert self._socket is not None
        while b"\n" not in self._rest:
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError as error:
                raise MachineError(
                    f"bondd at {self.path} did not answer within {self._timeout:g} s", "ETIMEDOUT"
                ) from error
            if not data:
                raise MachineError(f"bondd at {self.path} closed the connection", "EPIPE")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line
