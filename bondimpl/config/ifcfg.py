"""What the ifcfg files of sysconfig and of initscripts have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bondimpl.config import shell
from bondimpl.config.draft import Draft
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, Item, base
from bondimpl.config.model import Address, BondEntry, Options, VlanEntry
from bondimpl.config.values import address, number
from bondimpl.option_kinds import OnOff
from bondimpl.options import row

PREFIX = "ifcfg-"
Items = dict[str, Item]


def read_all(files: Files, faults: Faults) -> dict[str, tuple[Item, Items]]:
    """The assignments of each ifcfg file, by what follows `ifcfg-`, in natural order."""
    names = {base(file).removeprefix(PREFIX): file for file in files if base(file).startswith(PREFIX)}
    return {
        name: (
            Item(names[name], 1, base(names[name])),
            shell.assignments(names[name], files[names[name]], faults),
        )
        for name in sorted(names, key=natural)
    }


def natural(name: str) -> list[tuple[int, str]]:
    """A key by which eth10 comes after eth9."""
    return [(int(part or 0), text) for text, part in re.findall(r"([^0-9]+|^)([0-9]*)", name)] + [(0, name)]


def value(items: Items, key: str) -> str:
    """The value of a key; nothing when it is not there."""
    return items[key].value if key in items else ""


def addresses(items: Items, faults: Faults, length: str) -> list[Address]:
    """IPADDR with NETMASK or `length` and BROADCAST, then the same with suffixes."""
    found = []
    for key in sorted((key for key in items if re.fullmatch(r"IPADDR_?\w*", key)), key=natural):
        suffix, item = key.removeprefix("IPADDR"), items[key]
        if not item.value:
            continue
        mask = value(items, f"NETMASK{suffix}") or value(items, f"{length}{suffix}")
        if "/" in item.value:
            mask = ""
        elif not mask:
            faults.add(item, f"needs NETMASK{suffix} or {length}{suffix}")
            continue
        found.append(address(item, item.value, faults, mask or None, value(items, f"BROADCAST{suffix}")))
    return [each for each in found if each]


def no_routes(items: Items, faults: Faults) -> None:
    """Most keys for other things may stand beside; not one that would be missed."""
    for key in ("GATEWAY", "GATEWAYDEV", "IPV6_DEFAULTGW"):
        if value(items, key):
            faults.add(items[key], "routes are not set here; leave it out")


def write_addresses(given: Iterable[Address], suffix: str = "_") -> dict[str, str]:
    """The same as assignments, with the prefix in IPADDR."""
    lines = {}
    for count, each in enumerate(given):
        which = f"{suffix}{count}" if count else ""
        lines[f"IPADDR{which}"] = str(each.ip)
        if each.broadcast:
            lines[f"BROADCAST{which}"] = str(each.broadcast)
    return lines


def vlan(draft: Draft, where: Item, name: str, text: str, found: list[Address], faults: Faults) -> None:
    """A VLAN device over the bond of `draft`."""
    tag = number(where, text, 1, 4094, faults)
    if tag is None:
        return
    if any(tag == other.id for other in draft.vlans):
        faults.add(where, f"VLAN {tag} of {draft.name} is there already")
        return
    draft.vlans.append(VlanEntry(tag, name, tuple(found)))


def parameter_text(options: Options) -> str:
    """Options as the module takes them."""
    return " ".join(f"{name}={parameter(name, text)}" for name, text in options)


def parameter(name: str, text: str) -> str:
    """The value of one as a module takes it: switches are numbers there."""
    kind = row(name).kind
    return str(kind.number(kind.parse(text))) if isinstance(kind, OnOff) else text


def text_of(lines: Mapping[str, str]) -> str:
    """A file of assignments."""
    return "".join(f"{key}={shell.quoted(value)}\n" for key, value in lines.items())


def by_name_only(bond: BondEntry, dialect: str) -> None:
    """Raises Unsayable when a slave is known by its hardware address."""
    for slave in bond.slaves:
        if not slave.name:
            raise Unsayable(dialect, bond.name, f"a slave by its hardware address ({slave.mac})")
