"""Is the lab as planned? Looked at before it says anything of a driver: tools, carriers, cabling, silence."""

from __future__ import annotations

from lab.preflight.check import preflight

__all__ = ["preflight"]
