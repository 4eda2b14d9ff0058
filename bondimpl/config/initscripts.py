"""initscripts: ifcfg-ethX with MASTER and SLAVE, ifcfg-bondX, and modules.conf (HOWTO 3.2).

Later initscripts have BONDING_OPTS in ifcfg-bondX; with it no line of modules.conf is needed.
"""

from __future__ import annotations

import re

from bondimpl.config import ifcfg
from bondimpl.config.draft import Draft
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, Item
from bondimpl.config.ifcfg import Items, value
from bondimpl.config.model import Address, BondConfig, BondEntry, Start
from bondimpl.config.module_rules import is_module_file, read_rules
from bondimpl.config.modules import Modules
from bondimpl.config.values import address, hardware, interface, member, mtu

_YES = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "": False}
_VLAN = re.compile(r"(.+)\.(\d+)")


def read(files: Files, faults: Faults) -> BondConfig:
    """Each ifcfg file configures the device of its name. Raises ConfigError."""
    rules = read_rules({file: text for file, text in files.items() if is_module_file(file)}, faults)
    modules = Modules(rules, faults)
    every = ifcfg.read_all(files, faults)
    slaves = [name for name, (_, items) in every.items() if _yes(items, "SLAVE", faults)]
    masters = {value(every[name][1], "MASTER") for name in slaves}
    drafts: dict[str, Draft] = {}
    for name, (where, items) in every.items():
        if "DEVICE" in items and value(items, "DEVICE") != name:
            faults.add(items["DEVICE"], f"{value(items, 'DEVICE')!r} does not match the name of the file")
        elif (name in masters or _is_bond(name, items, modules)) and interface(where, name, faults):
            draft = _bond(name, items.get("DEVICE", where), items, modules, faults)
            if draft:
                drafts[name] = draft
    for name in slaves:
        where, items = every[name]
        _attach(name, where, items, drafts, faults)
    for name, (_, items) in every.items():
        _vlan(name, items, drafts, faults)
    return modules.config(list(drafts.values()))


def _is_bond(name: str, items: Items, modules: Modules) -> bool:
    return (
        "BONDING_OPTS" in items
        or value(items, "TYPE") == "Bond"
        or value(items, "BONDING_MASTER") == "yes"
        or (name in modules.rules.aliases and modules.rules.aliases[name].value == "bonding")
        or bool(re.fullmatch(r"bond\d+", name))
    )


def _bond(name: str, where: Item, items: Items, modules: Modules, faults: Faults) -> Draft | None:
    options = items.get("BONDING_OPTS")
    draft: Draft | None
    if options and name not in modules.rules.aliases:
        draft = Draft(name, options)
    else:
        draft = modules.bring_up(where, name)
    if draft is None:
        return None
    for word in options.value.split() if options else ():
        option, equals, text = word.partition("=")
        if equals:
            draft.given.append((options or where, option, text))
        else:
            faults.add(options or where, f"{word!r}: write option=value")
    draft.start = Start.BOOT if _yes(items, "ONBOOT", faults) else Start.MANUAL
    if value(items, "BOOTPROTO") not in ("", "none", "static"):
        faults.add(items["BOOTPROTO"], "only none and static; there is no DHCP client here")
    draft.addresses += _addresses(items, faults)
    ifcfg.no_routes(items, faults)
    if value(items, "MTU"):
        draft.mtu = mtu(items["MTU"], value(items, "MTU"), faults)
    if value(items, "MACADDR"):
        draft.mac = hardware(items["MACADDR"], value(items, "MACADDR"), faults)
    return draft


def _addresses(items: Items, faults: Faults) -> list[Address]:
    found = ifcfg.addresses(items, faults, "PREFIX")
    for key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
        for word in value(items, key).split():
            one = address(items[key], word, faults)
            if one:
                found.append(one)
    return found


def _attach(name: str, where: Item, items: Items, drafts: dict[str, Draft], faults: Faults) -> None:
    if "DEVICE" in items and value(items, "DEVICE") != name:
        return  # said already
    master = items.get("MASTER")
    if not master or not master.value:
        faults.add(items["SLAVE"], "a slave of which bond? MASTER is missing")
    elif master.value not in drafts:
        faults.add(master, f"no ifcfg-{master.value} makes such a bond")
    else:
        if value(items, "BOOTPROTO") not in ("", "none", "static"):
            faults.add(items["BOOTPROTO"], "a slave has no address of its own; write none")
        drafts[master.value].slave(items["SLAVE"], member(where, name, faults))


def _vlan(name: str, items: Items, drafts: dict[str, Draft], faults: Faults) -> None:
    match = _VLAN.fullmatch(name)
    if match and match[1] in drafts and _yes(items, "VLAN", faults):
        ifcfg.vlan(drafts[match[1]], items["VLAN"], name, match[2], _addresses(items, faults), faults)


def _yes(items: Items, key: str, faults: Faults) -> bool:
    word = value(items, key).lower()
    if word not in _YES:
        faults.add(items[key], f"{value(items, key)!r}: write yes or no")
    return _YES.get(word, False)


def write(config: BondConfig) -> dict[str, str]:
    """With BONDING_OPTS, so without modules.conf. Raises Unsayable."""
    files: dict[str, str] = {}
    if [bond.name for bond in config.bonds] != sorted((b.name for b in config.bonds), key=ifcfg.natural):
        raise Unsayable("initscripts", config.bonds[0].name, "another order of bonds than that of names")
    for bond in config.bonds:
        files |= _files(bond)
    return files


def _files(bond: BondEntry) -> dict[str, str]:
    ifcfg.by_name_only(bond, "initscripts")
    if bond.start is Start.OFF:
        raise Unsayable("initscripts", bond.name, "that a bond is never started")
    if [s.name for s in bond.slaves] != sorted((s.name for s in bond.slaves), key=ifcfg.natural):
        raise Unsayable("initscripts", bond.name, "another order of slaves than that of their names")
    common = {"ONBOOT": "yes" if bond.start is Start.BOOT else "no", "BOOTPROTO": "none", "USERCTL": "no"}
    lines = {"DEVICE": bond.name, "TYPE": "Bond", **common, **_write_addresses(bond.addresses, bond.name)}
    if bond.mtu:
        lines["MTU"] = str(bond.mtu)
    if bond.mac:
        lines["MACADDR"] = bond.mac
    lines["BONDING_OPTS"] = ifcfg.parameter_text(bond.options)
    files = {f"{ifcfg.PREFIX}{bond.name}": ifcfg.text_of(lines)}
    for slave in bond.slaves:
        text = {"DEVICE": slave.name, **common, "MASTER": bond.name, "SLAVE": "yes"}
        files[f"{ifcfg.PREFIX}{slave.name}"] = ifcfg.text_of(text)
    for vlan in bond.vlans:
        if vlan.name != f"{bond.name}.{vlan.id}":
            raise Unsayable("initscripts", bond.name, f"that the device of VLAN {vlan.id} is {vlan.name}")
        text = {"DEVICE": vlan.name, "VLAN": "yes", **common, **_write_addresses(vlan.addresses, bond.name)}
        files[f"{ifcfg.PREFIX}{vlan.name}"] = ifcfg.text_of(text)
    return files


def _write_addresses(addresses: tuple[Address, ...], bond: str) -> dict[str, str]:
    four = [each for each in addresses if each.ip.version == 4]
    six = [str(each.ip) for each in addresses if each.ip.version == 6]
    if list(addresses) != four + [each for each in addresses if each.ip.version == 6]:
        raise Unsayable("initscripts", bond, "an IPv4 address after an IPv6 one")
    lines = ifcfg.write_addresses(four, suffix="")
    if six:
        lines["IPV6ADDR"] = six[0]
    if len(six) > 1:
        lines["IPV6ADDR_SECONDARIES"] = " ".join(six[1:])
    return lines
