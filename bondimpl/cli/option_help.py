"""The option table as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from bondimpl.option_kinds import Mode
from bondimpl.options import BondOptions, DriverOptions, Row, SlaveOptions, row, table

_WIDTH = 100


def option_help(values: Mapping[str, str] | None = None) -> str:
    """Every option of bonds and slaves; with `values` (canonical texts) those of a bond, as in force."""
    parts = ["Options of a bond (bondctl add BOND OPTION=VALUE, bondctl set BOND OPTION=VALUE):"]
    parts += [_entry(each, values) for each in table(BondOptions).values()]
    if values is None:
        parts.append("Options of a slave (bondctl set BOND OPTION=VALUE --slave IF):")
        parts += [_entry(each, None) for each in table(SlaveOptions).values()]
    return "\n".join(parts)


def explain(option: str) -> str:
    """One option of a bond, a slave or the driver, by its name or alias. Raises UnknownOption."""
    for owner in (SlaveOptions, DriverOptions):
        if option in table(owner):
            whose = "a slave" if owner is SlaveOptions else "the driver, when it is loaded"
            return f"Option of {whose}:\n{_entry(table(owner)[option], None)}"
    known = row(option)
    since = "in the HOWTO" if known.since == "HOWTO" else f"since Linux {known.since}"
    return f"Option of a bond, {since}:\n{_entry(known, None)}"


def _entry(option: Row, values: Mapping[str, str] | None) -> str:
    default = option.kind.text(option.default) or "none"
    notes = [option.summary, option.kind.allowed(), f"default: {default}"]
    if option.modes != frozenset(Mode):
        notes.append("modes: " + ", ".join(mode for mode in Mode if mode in option.modes))
    if option.needs_no_slaves:
        notes.append("set it while the bond has no slaves")
    if option.needs_down:
        notes.append("set it while the bond is down")
    head = option.name if values is None else f"{option.name} = {values.get(option.name) or 'none'}"
    body = textwrap.wrap("; ".join(notes), _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join([f"  {head}", *body])
