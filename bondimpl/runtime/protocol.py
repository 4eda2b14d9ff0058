"""Versions of the control protocol, for clients of another release than bondd (HOWTO section 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bondimpl.errors import BondError

PROTOCOL = 2
"""The present one. 1 had all that there is but `if_down`, and this number itself."""

FIRST = 1
"""Of clients that do not tell theirs."""

SINCE: Mapping[tuple[str, str], int] = {("delete", "if_down"): 2}
"""(command, field) -> the version that it came with."""


def version_of(request: Mapping[str, Any]) -> int:
    """The version that the client of a request speaks. Raises BondError."""
    version = request.get("protocol", FIRST)
    if isinstance(version, bool) or not isinstance(version, int) or version < FIRST:
        raise BondError(f"protocol must be a whole number, {FIRST} or more")
    return version


def require_known(request: Mapping[str, Any]) -> None:
    """Raises BondError when it asks for what came after its client."""
    version = version_of(request)
    for field in request:
        since = SINCE.get((str(request.get("command")), field), FIRST)
        if version < since:
            raise BondError(
                f"{request['command']}: {field} is unsupported in version {version} of the control protocol; "
                f"it came with {since}",
                "EOPNOTSUPP",
            )
