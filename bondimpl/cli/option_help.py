"""The option table as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from bondimpl.option_kinds import Mode
from bondimpl.options import BondOptions, Row, SlaveOptions, table

_WIDTH = 100


def option_help(values: Mapping[str, str] | None = None) -> str:
    """Every option of bonds and slaves; with `values` (canonical texts) those of a bond, as in force."""
    parts = ["Options of a bond (bondctl add BOND OPTION=VALUE, bondctl set BOND OPTION=VALUE):"]
    parts += [_entry(row, values) for row in table(BondOptions).values()]
    if values is None:
        parts.append("Options of a slave (bondctl set BOND OPTION=VALUE --slave IF):")
        parts += [_entry(row, None) for row in table(SlaveOptions).values()]
    return "\n".join(parts)


def _entry(row: Row, values: Mapping[str, str] | None) -> str:
    default = row.kind.text(row.default) or "none"
    notes = [row.summary, row.kind.allowed(), f"default: {default}"]
    if row.modes != frozenset(Mode):
        notes.append("modes: " + ", ".join(mode for mode in Mode if mode in row.modes))
    if row.needs_no_slaves:
        notes.append("set it while the bond has no slaves")
    if row.needs_down:
        notes.append("set it while the bond is down")
    head = row.name if values is None else f"{row.name} = {values.get(row.name) or 'none'}"
    body = textwrap.wrap("; ".join(notes), _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join([f"  {head}", *body])
