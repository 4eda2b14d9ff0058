"""The guest's end of the serial line: a JSON object a line, both ways."""

from __future__ import annotations

import json
import os
import tty
from typing import Any

PIECE = 4096
WINDOW = 2048
"""Bytes that the far end may have on their way to us: the serial driver gets stuck when 4096 are waiting."""
TELL_AT = 512


class SerialLine:
    """The serial line `path`; all methods raise OSError."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        tty.setraw(self.fd)
        self._rest = b""
        self._heard = 0

    def send(self, **message: Any) -> None:
        """Say something."""
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self.fd, data[:PIECE]) :]

    def receive(self) -> list[dict[str, Any]] | None:
        """What was said since (at least a part of a line must have been), or None: the far end is gone."""
        data = os.read(self.fd, PIECE)
        self._heard += len(data)
        if self._heard >= TELL_AT:
            self.send(heard=self._heard)
            self._heard = 0
        *lines, self._rest = (self._rest + data).split(b"\n")
        # An empty line only makes sure that we look.
        return [json.loads(line) for line in lines if line] if data else None
