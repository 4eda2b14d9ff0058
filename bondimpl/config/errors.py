"""What cannot be said in a dialect."""

from __future__ import annotations

from bondimpl.errors import BondError


class Unsayable(BondError):
    """The dialect has no words for a part of a configuration."""

    def __init__(self, dialect: str, bond: str, what: str) -> None:
        super().__init__(f"{bond}: {dialect} cannot say {what}", "ENOTSUP")
