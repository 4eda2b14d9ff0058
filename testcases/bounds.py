"""How late a thing may be: the catalogue's bounds plus the lab's own slack. All in ms."""

from __future__ import annotations

SLACK = 250
"""What scheduling may add on a machine whose cores all run labs at once."""


def detection(miimon: int = 100, downdelay: int = 0) -> int:
    """From the loss of a link to the moment when the bond has acted on it."""
    return miimon + downdelay + SLACK


def seconds(ms: float) -> float:
    """For `eventually(..., within=...)`."""
    return ms / 1000
