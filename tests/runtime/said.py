"""What the daemon answers on its control socket."""

from __future__ import annotations

import json
import socket
from typing import Any


def read_reply(connection: socket.socket) -> dict[str, Any]:
    """The next line of the daemon's."""
    with connection.makefile("rb") as file:
        return dict(json.loads(file.readline()))
