"""sysconfig: ifcfg-bondX with BONDING_MASTER, as SuSE's systems have it (HOWTO 3.1)."""

from __future__ import annotations

import re

from bondimpl.config import ifcfg
from bondimpl.config.draft import Draft, finish
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, Item
from bondimpl.config.ifcfg import Items, value
from bondimpl.config.model import BondConfig, BondEntry, Member, Start
from bondimpl.config.values import hardware, interface, member, mtu

_SLAVE = re.compile(r"BONDING_SLAVE_?(\d{1,6})")
_STARTS = {
    "onboot": Start.BOOT,
    "auto": Start.BOOT,
    "boot": Start.BOOT,
    "on": Start.BOOT,
    "manual": Start.MANUAL,
    "": Start.MANUAL,
    "off": Start.OFF,
    "ignore": Start.OFF,
}
_WORDS = {Start.BOOT: "onboot", Start.MANUAL: "manual", Start.OFF: "off"}


def read(files: Files, faults: Faults) -> BondConfig:
    """Every file with BONDING_MASTER='yes' is a bond, all others are not. Raises ConfigError."""
    every = ifcfg.read_all(files, faults)
    drafts: dict[str, Draft] = {}
    for name, (where, items) in every.items():
        if value(items, "BONDING_MASTER") == "yes" and interface(where, name, faults):
            drafts[name] = _bond(name, where, items, faults)
    for name, (where, items) in every.items():
        below = value(items, "ETHERDEVICE")
        if below in drafts:
            digits = re.search(r"\d*$", name)
            tag = value(items, "VLAN_ID") or (digits[0] if digits else "")
            found = ifcfg.addresses(items, faults, "PREFIXLEN")
            if interface(where, name, faults):
                ifcfg.vlan(drafts[below], items["ETHERDEVICE"], name, tag, found, faults)
    of_nics = {name.lower() if "id-" in name else name: items for name, (_, items) in every.items()}
    for draft in drafts.values():
        for _, slave in draft.slaves:
            for name in (slave.name, f"id-{slave.mac}", f"eth-id-{slave.mac}"):
                if name in of_nics:
                    _check_slave_file(of_nics[name], faults)
    return finish(list(drafts.values()), faults)


def _bond(name: str, where: Item, items: Items, faults: Faults) -> Draft:
    draft = Draft(name, items.get("BONDING_MODULE_OPTS", where))
    start = value(items, "STARTMODE")
    if start == "hotplug":
        faults.add(items["STARTMODE"], "a bond cannot be started by a hotplug event; write onboot or manual")
    elif start not in _STARTS:
        faults.add(items["STARTMODE"], f"{start!r}: one of {', '.join(word for word in _STARTS if word)}")
    draft.start = _STARTS.get(start, Start.OFF)
    if value(items, "BOOTPROTO") not in ("", "static", "none"):
        faults.add(
            items["BOOTPROTO"],
            f"{value(items, 'BOOTPROTO')} does not work for a bond: the address would be asked for before "
            "there are slaves; write static",
        )
    _options(draft, items, faults)
    slaves = sorted((int(match[1]), key) for key in items if (match := _SLAVE.fullmatch(key)))
    for _, key in slaves:
        if items[key].value:
            draft.slave(items[key], member(items[key], items[key].value, faults))
    known = {"BONDING_MASTER", "BONDING_MODULE_OPTS"}
    for key in items:
        if key.startswith("BONDING_") and key not in known and not _SLAVE.fullmatch(key):
            faults.add(items[key], f"no such key; there are {', '.join(sorted(known))}, BONDING_SLAVE0, ...")
    draft.addresses += ifcfg.addresses(items, faults, "PREFIXLEN")
    ifcfg.no_routes(items, faults)
    if value(items, "MTU"):
        draft.mtu = mtu(items["MTU"], value(items, "MTU"), faults)
    if value(items, "LLADDR"):
        draft.mac = hardware(items["LLADDR"], value(items, "LLADDR"), faults)
    return draft


def _options(draft: Draft, items: Items, faults: Faults) -> None:
    for word in value(items, "BONDING_MODULE_OPTS").split():
        item = items["BONDING_MODULE_OPTS"]
        option, equals, text = word.partition("=")
        if option == "max_bonds":
            faults.add(item, "max_bonds does not belong here: each file makes the one bond of its name")
        elif not equals:
            faults.add(item, f"{word!r}: write option=value")
        else:
            draft.given.append((item, option, text))


def _check_slave_file(items: Items, faults: Faults) -> None:
    if value(items, "BOOTPROTO") not in ("", "none", "static"):
        faults.add(items["BOOTPROTO"], "a slave has no address of its own; write none")
    if value(items, "STARTMODE") not in ("", "off", "ignore", "manual", "hotplug"):
        faults.add(items["STARTMODE"], "a slave is started by its bond; write off")


def write(config: BondConfig) -> dict[str, str]:
    """Raises Unsayable."""
    files = {}
    for bond in config.bonds:
        files[f"{ifcfg.PREFIX}{bond.name}"] = ifcfg.text_of(_lines(bond))
        for vlan in bond.vlans:
            lines = {"STARTMODE": _WORDS[bond.start], "ETHERDEVICE": bond.name, "VLAN_ID": str(vlan.id)}
            lines |= ifcfg.write_addresses(vlan.addresses)
            files[f"{ifcfg.PREFIX}{vlan.name}"] = ifcfg.text_of(lines)
    if list(files) != sorted(files, key=ifcfg.natural) and len(config.bonds) > 1:
        raise Unsayable("sysconfig", config.bonds[0].name, "another order of bonds than that of their names")
    return files


def _lines(bond: BondEntry) -> dict[str, str]:
    lines = {"BOOTPROTO": "static", **ifcfg.write_addresses(bond.addresses)}
    if bond.mac:
        lines["LLADDR"] = bond.mac
    if bond.mtu:
        lines["MTU"] = str(bond.mtu)
    lines |= {"STARTMODE": _WORDS[bond.start], "BONDING_MASTER": "yes"}
    lines["BONDING_MODULE_OPTS"] = ifcfg.parameter_text(bond.options)
    return lines | {f"BONDING_SLAVE{n}": _reference(slave) for n, slave in enumerate(bond.slaves)}


def _reference(slave: Member) -> str:
    return slave.name or f"eth-id-{slave.mac}"
