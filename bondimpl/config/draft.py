"""A bond while its configuration is read: every part with the item that said so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bondimpl.config.faults import Faults, Item
from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Options, Start, VlanEntry
from bondimpl.errors import BondError
from bondimpl.options import BondOptions, row, table
from bondimpl.settle import at_load

Given = tuple[Item, str, str]
"""Where an option was given, its name and its text."""


@dataclass(slots=True)
class Draft:
    """`where` is the item that makes the bond."""

    name: str
    where: Item
    given: list[Given] = field(default_factory=list)
    slaves: list[tuple[Item, Member]] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    mac: str | None = None
    mtu: int | None = None
    start: Start = Start.BOOT
    vlans: list[VlanEntry] = field(default_factory=list)

    def slave(self, item: Item, member: Member | None) -> None:
        """One more slave, unless it was at fault."""
        if member:
            self.slaves.append((item, member))

    def address(self, address: Address | None) -> None:
        """One more address, unless it was at fault."""
        if address:
            self.addresses.append(address)


def finish(drafts: Sequence[Draft], faults: Faults) -> BondConfig:
    """The configuration, when it can be; no modules yet. Raises ConfigError with every fault found."""
    owners: dict[Member, str] = {}
    names: set[str] = set()
    entries = []
    for draft in drafts:
        if draft.name in names:
            faults.add(draft.where, f"{draft.name}: there is such a bond already")
        names.add(draft.name)
        for item, member in draft.slaves:
            if member in owners:
                faults.add(item, f"{member} is a slave of {owners[member]} already")
            owners[member] = draft.name
        entries.append(_entry(draft, faults))
    for item, member in (slave for draft in drafts for slave in draft.slaves):
        if member.name in names:
            faults.add(item, f"{member} is a bond itself")
    faults.check()
    return BondConfig(tuple(entries))


def _entry(draft: Draft, faults: Faults) -> BondEntry:
    return BondEntry(
        name=draft.name,
        options=bond_options(draft.given, faults, draft.where),
        slaves=tuple(member for _, member in draft.slaves),
        addresses=tuple(dict.fromkeys(draft.addresses)),
        mac=draft.mac,
        mtu=draft.mtu,
        start=draft.start,
        vlans=tuple(sorted(draft.vlans, key=lambda vlan: vlan.id)),
    )


def bond_options(given: Iterable[Given], faults: Faults, where: Item) -> Options:
    """Options by the one table, checked alone and together; what clears an option is left out."""
    values: dict[str, str] = {}
    sound = True
    for item, name, text in given:
        try:
            known = row(name)
            if known.name in values:
                faults.add(item, f"option {name}: given twice")
            values[known.name] = known.kind.text(known.parse(text))
        except BondError as error:
            faults.add(item, str(error))
            sound = False
    if sound:
        try:
            at_load(values)
        except BondError as error:
            faults.add(where, str(error))
    return tuple((name, values[name]) for name in table(BondOptions) if values.get(name))
