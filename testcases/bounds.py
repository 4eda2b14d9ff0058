"""How late a thing may be: the catalogue's bounds plus the lab's own slack. All in ms."""

from __future__ import annotations

SLACK = 250
"""What scheduling may add on a machine whose cores all run labs at once."""


def detection(miimon: int = 100, downdelay: int = 0) -> int:
    """From the loss of a link to the moment when the bond has acted on it."""
    return miimon + downdelay + SLACK


_timers = 1.0


def let_timers_last(factor: float) -> None:
    """The driver under test lives where periods last that much longer than they should."""
    global _timers
    _timers = factor


def seconds(ms: float) -> float:
    """For `eventually(..., within=...)`: by the clock of the driver under test."""
    return ms / 1000 * _timers


LACP_JOIN = 5000
"""From the link to frames that pass, with LACPDUs at the fast rate. The HOWTO gives no time: IEEE 802.3ad
43.4.9 lets a port wait 2 s before it aggregates, and each end may take a second to tell the other."""
LACP_SHORT_TIMEOUT = 3000
"""From the last LACPDU that came in to the loss of the partner, at the fast rate (43.4.4)."""
LACP_TICK = 400
"""What the driver's clockwork adds: it runs every 100 ms, and tells something every 300 ms at most."""
