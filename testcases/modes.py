"""Modes that cases on "all modes" are repeated in."""

from __future__ import annotations

MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast")
SPREADING = ("balance-rr", "balance-xor", "broadcast")
"""Modes in which every slave takes part."""
LOSING = ("balance-rr", "active-backup", "balance-xor")
"""Modes in which a slave that is used although it is dead costs frames."""
ADAPTIVE = ("balance-tlb", "balance-alb")
"""Modes in which each slave has an address of its own, and the active one the bond's."""
EVERY = (*MODES, "802.3ad", *ADAPTIVE)
"""All seven."""
