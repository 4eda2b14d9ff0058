"""How options act on each other: exclusions, forced values, rounding (HOWTO section 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bondimpl.errors import OptionError
from bondimpl.monitors import targets
from bondimpl.option_kinds import Mode
from bondimpl.options import ARP_MODES, BondOptions, Row, row

FORCED_MIIMON = 100
"""ms; modes that cannot do without the MII monitor get it."""

DELAYS = ("updelay", "downdelay", "peer_notif_delay")

Settled = tuple[BondOptions, tuple[str, ...]]
"""Options, and the warnings that belong in the log."""


def at_load(texts: Mapping[str, str]) -> Settled:
    """Options of a new bond, given as text, as parameters of a module are. Raises OptionError.

    What cannot have an effect is ignored with a warning; a live bond refuses it.
    """
    values: dict[str, Any] = {}
    for name, text in texts.items():
        known = row(name)
        if known.name in values:
            raise OptionError(name, text, "given twice")
        values[known.name] = known.parse(text)
    mode: Mode = values.get("mode", Mode.BALANCE_RR)
    warnings = []
    for name in [n for n in values if mode not in row(n).modes]:
        warnings.append(f"option {name} has no effect in mode {mode}; ignored")
        del values[name]
    options, more = _settle(replace(BondOptions(), **values))
    more += _without_target(options)
    if not targets.of(options):
        options = replace(options, arp_interval=0)
    return options, (*warnings, *more)


def at_runtime(options: BondOptions, name: str, text: str, *, up: bool, has_slaves: bool) -> Settled:
    """Options after one change to a live bond; checks in the driver's order: mode, slaves, up, value."""
    known = row(name)
    if options.mode not in known.modes:
        raise _foreign(known, text, options.mode)
    if known.needs_no_slaves and has_slaves:
        raise OptionError(name, text, "not while the bond has slaves", "ENOTEMPTY")
    if known.needs_down and up:
        raise OptionError(name, text, "not while the bond is up", "EBUSY")
    value = known.change(getattr(options, known.name), text)
    if known.name in DELAYS and not options.miimon:
        raise OptionError(name, text, "it needs miimon, which is 0", "EPERM")
    changed: dict[str, Any] = {known.name: value}
    if known.name == "miimon" and value:
        changed |= {"arp_interval": 0, "arp_validate": "none"}
    elif known.name == "arp_interval" and value:
        changed["miimon"] = 0
    elif known.name == "mode":
        changed |= {"arp_validate": "none", "broadcast_neighbor": False}
        if value not in ARP_MODES:
            changed["arp_interval"] = 0
    settled, warnings = _settle(replace(options, **changed), options)
    return settled, (*warnings, *_without_target(settled))


def _rescaled(options: BondOptions, polls: Mapping[str, int]) -> BondOptions:
    """Delays are kept in polls, also while there are none: a new period rescales them."""
    delays: dict[str, Any] = {name: count * options.miimon for name, count in polls.items()}
    return replace(options, kept_polls=polls, **delays)


def _polls(options: BondOptions) -> Mapping[str, int]:
    """Each delay in polls of the MII monitor."""
    if not options.miimon:
        return {name: options.kept_polls.get(name, 0) for name in DELAYS}
    return {name: getattr(options, name) // options.miimon for name in DELAYS}


def _settle(options: BondOptions, before: BondOptions | None = None) -> Settled:
    """`before`: what a live bond has had until now."""
    warnings: list[str] = []
    if options.mode not in ARP_MODES and not options.miimon:
        warnings.append(f"mode {options.mode} needs the MII monitor; forcing miimon to {FORCED_MIIMON}")
        options = replace(options, miimon=FORCED_MIIMON)
    if before is not None and options.miimon != before.miimon:
        options = _rescaled(options, _polls(before))
    if options.miimon and options.arp_interval:
        warnings.append(f"miimon ({options.miimon}) and arp_interval both given; arp_interval is ignored")
        options = replace(options, arp_interval=0)
    for name, value in _delays(options):
        if not options.miimon:
            warnings.append(f"{name} ({value}) is ignored: it needs miimon, which is 0")
            options = _changed(options, name, 0)
        elif value % options.miimon:
            rounded = value // options.miimon * options.miimon
            warnings.append(
                f"{name} ({value}) is not a multiple of miimon ({options.miimon}), "
                f"{name} rounded to {rounded} ms"
            )
            options = _changed(options, name, rounded)
    return options, tuple(warnings)


def _without_target(options: BondOptions) -> tuple[str, ...]:
    if options.arp_interval and not targets.of(options):
        return ("arp_interval needs arp_ip_target; without one ARP monitoring cannot work",)
    return ()


def _changed(options: BondOptions, name: str, value: Any) -> BondOptions:
    changes: dict[str, Any] = {name: value}
    return replace(options, **changes)


def _delays(options: BondOptions) -> Iterator[tuple[str, int]]:
    for name in DELAYS:
        if value := getattr(options, name):
            yield name, value


def _foreign(known: Row, value: object, mode: Mode) -> OptionError:
    modes = ", ".join(m for m in Mode if m in known.modes)
    return OptionError(known.name, value, f"mode {mode} does not have it; it is for {modes}", "EACCES")
