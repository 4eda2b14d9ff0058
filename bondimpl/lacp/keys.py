"""Port keys: ports that may be aggregated have the same one (IEEE 802.3ad 43.6.2)."""

from __future__ import annotations

from bondimpl.machine import Speed

_SPEEDS = (1, 10, 100, 1000, 2500, 5000, 10_000, 14_000, 20_000, 25_000, 40_000, 50_000, 56_000, 100_000)
_CODES = {mbit: code for code, mbit in enumerate((*_SPEEDS, 200_000, 400_000), start=1)}

FULL_DUPLEX = 1
"""The bit of a key that a port must have to be aggregated."""


def port_key(speed: Speed, user_key: int, *, link_up: bool) -> int:
    """Ten bits of the user's key, five of the speed, one for full duplex; without link only the user's."""
    if not link_up:
        return user_key << 6
    return user_key << 6 | _CODES.get(speed.mbit or 0, 0) << 1 | FULL_DUPLEX * (speed.duplex != "half")
