"""The socket of a lab that is up: one line of JSON is a request, one line the answer, then it is closed.

`{"do": "fault", ...}` is answered by `{"ok": ...}`, or by `{"error": "...", "usage": true}` where the request
is to blame.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.errors import LabBroken, LabError, TopologyError

Request = dict[str, Any]
Command = Callable[[Request], Any]
NAME = "control"
"""The socket's name in the directory of its run."""
LONGEST = 1 << 16
"""Bytes of a request."""
PATIENCE_S = 5.0
"""How long a peer may take to say what it wants."""


class Server:
    """Answers in one thread, one request after another, until it is closed."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        """Raises LabBroken when the socket cannot be made."""
        self._commands = commands
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(str(path))
        except OSError as error:
            self._socket.close()
            raise LabBroken(f"{path}: {error.strerror}: is another lab up in this run?") from error
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, name="remote", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:  # closed
                return
            with peer:
                peer.settimeout(PATIENCE_S)
                with suppress(OSError):  # it has gone away, or says nothing
                    line = peer.makefile("rb").readline(LONGEST)
                    answer = self._answer(line)
                    peer.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            command = self._commands[request.pop("do")]
        except (ValueError, KeyError, AttributeError, TypeError):
            return {"error": f"not a request; possible: {', '.join(self._commands)}", "usage": True}
        try:
            return {"ok": command(request)}
        except LabError as error:
            return {"error": str(error), "usage": isinstance(error, TopologyError)}
        except (KeyError, TypeError, ValueError) as error:
            return {"error": f"not understood: {error!r}", "usage": True}
        except Exception as error:  # the lab goes on, and so must this thread
            return {"error": f"{type(error).__name__}: {error}"}
