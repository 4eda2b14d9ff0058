"""ifupdown: /etc/network/interfaces with bond-mode, bond-slaves ..., as Debian's systems have it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bondimpl.config import ifcfg, shell
from bondimpl.config.draft import Draft, finish
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, Item
from bondimpl.config.model import Address, BondConfig, BondEntry, Start
from bondimpl.config.values import address, hardware, interface, member, mtu

_OPTION = re.compile(r"bond[-_]([a-z0-9_-]+)")
_LISTS = ("arp_ip_target", "ns_ip6_target")
_METHODS = ("static", "manual")


@dataclass(slots=True)
class _Stanza:
    """`iface NAME FAMILY METHOD` and what belongs to it, by key with _ for -."""

    where: Item
    name: str
    family: str
    method: str
    items: dict[str, Item] = field(default_factory=dict)

    def options(self) -> list[tuple[str, Item]]:
        """The keys bond-*, without that."""
        found = [(_OPTION.fullmatch(key), item) for key, item in self.items.items()]
        return [(match[1], item) for match, item in found if match]


def read(files: Files, faults: Faults) -> BondConfig:
    """A device with a key bond-* (other than bond-master) is a bond. Raises ConfigError."""
    stanzas, at_boot = _parse(files, faults)
    drafts: dict[str, Draft] = {}
    for stanza in stanzas:
        if any(key != "master" for key, _ in stanza.options()) and stanza.name not in drafts:
            drafts[stanza.name] = Draft(stanza.name, stanza.where)
    tags: dict[str, list[_Stanza]] = {}
    for stanza in stanzas:
        below = stanza.items.get("vlan_raw_device")
        name, _, tag = stanza.name.rpartition(".")
        if stanza.name in drafts:
            _bond(drafts[stanza.name], stanza, faults)
        elif (below.value if below else name) in drafts and tag.isdigit():
            tags.setdefault(stanza.name, []).append(stanza)
        elif master := stanza.items.get("bond_master"):
            if master.value in drafts:
                drafts[master.value].slave(master, member(stanza.where, stanza.name, faults))
            elif master.value != "none":
                faults.add(master, f"{master.value}: no such bond")
    for name, many in tags.items():
        below = many[0].items.get("vlan_raw_device")
        bond, _, tag = name.rpartition(".")
        found = [each for stanza in many for each in _addresses(stanza, faults)]
        ifcfg.vlan(drafts[below.value if below else bond], many[0].where, name, tag, found, faults)
    for draft in drafts.values():
        draft.start = Start.BOOT if draft.name in at_boot else Start.MANUAL
    return finish(list(drafts.values()), faults)


def _parse(files: Files, faults: Faults) -> tuple[list[_Stanza], set[str]]:
    stanzas: list[_Stanza] = []
    at_boot: set[str] = set()
    for file, text in sorted(files.items()):
        stanza: _Stanza | None = None
        for number, line in shell.lines(text):
            if not line or line.startswith("#"):
                continue
            key, *words = line.split()
            item = Item(file, number, key, " ".join(words))
            if key == "iface":
                stanza = _head(item, words, faults)
                stanzas += [stanza] if stanza else []
            elif key == "auto" or key.startswith("allow-"):
                stanza = None
                at_boot |= set(words) if key in ("auto", "allow-auto") else set()
            elif key in ("source", "source-directory", "no-auto-down", "no-scripts"):
                stanza = None  # the files of interfaces.d are read anyway
            elif key == "mapping":
                faults.add(item, "not understood here")
            elif stanza is None:
                faults.add(item, "belongs to no iface")
            elif key.replace("-", "_") in stanza.items:
                faults.add(item, f"given twice, first on line {stanza.items[key.replace('-', '_')].line}")
            else:
                stanza.items[key.replace("-", "_")] = item
    return stanzas, at_boot


def _head(item: Item, words: list[str], faults: Faults) -> _Stanza | None:
    if len(words) != 3 or words[1] not in ("inet", "inet6"):
        faults.add(item, "write iface NAME inet METHOD, or inet6")
        return None
    if not interface(item, words[0], faults):
        return None
    return _Stanza(item, words[0], words[1], words[2])


def _bond(draft: Draft, stanza: _Stanza, faults: Faults) -> None:
    known = {"address", "netmask", "broadcast", "network", "mtu", "hwaddress"}
    for key, item in stanza.items.items():
        if key not in known and not _OPTION.fullmatch(key):
            faults.add(item, "not a key that is understood for a bond")
    for key, item in stanza.options():
        option = key.replace("-", "_")
        if option in ("slaves", "ports"):
            for word in item.value.split() if item.value != "none" else ():
                draft.slave(item, member(item, word, faults))
        elif option == "master":
            faults.add(item, "a bond cannot be a slave")
        else:
            text = ",".join(item.value.split()) if option in _LISTS else item.value
            draft.given.append((item, option, text))
    draft.addresses += _addresses(stanza, faults)
    if size := stanza.items.get("mtu"):
        draft.mtu = mtu(size, size.value, faults)
    if mac := stanza.items.get("hwaddress"):
        draft.mac = hardware(mac, mac.value.removeprefix("ether").strip(), faults)


def _addresses(stanza: _Stanza, faults: Faults) -> list[Address]:
    if stanza.method not in _METHODS:
        faults.add(stanza.where, f"{stanza.method}: only {' and '.join(_METHODS)} are possible here")
    item = stanza.items.get("address")
    if item is None:
        if stanza.method == "static":
            faults.add(stanza.where, "static needs an address")
        return []
    mask, broadcast = stanza.items.get("netmask"), stanza.items.get("broadcast")
    if mask is None and "/" not in item.value:
        faults.add(item, "needs a netmask")
        return []
    one = address(
        item, item.value, faults, mask.value if mask else None, broadcast.value if broadcast else None
    )
    if one and (one.ip.version == 4) != (stanza.family == "inet"):
        faults.add(item, f"{one.ip} is no address of {stanza.family}")
    return [one] if one else []


def write(config: BondConfig) -> dict[str, str]:
    """Raises Unsayable."""
    return {"interfaces": "\n".join("\n".join(_lines(bond)) for bond in config.bonds)}


def _lines(bond: BondEntry) -> list[str]:
    ifcfg.by_name_only(bond, "ifupdown")
    if bond.start is Start.OFF:
        raise Unsayable("ifupdown", bond.name, "that a bond is never started")
    if any(slave.name == "none" for slave in bond.slaves):
        raise Unsayable("ifupdown", bond.name, "a slave called none")
    first, *more = _stanzas(bond.name, bond.addresses)
    lines = [f"auto {bond.name}"] if bond.start is Start.BOOT else []
    lines += first
    lines += [f"    hwaddress ether {bond.mac}"] if bond.mac else []
    lines += [f"    mtu {bond.mtu}"] if bond.mtu else []
    lines.append(f"    bond-slaves {' '.join(slave.name for slave in bond.slaves) or 'none'}")
    for name, text in bond.options:
        lines.append(f"    bond-{name.replace('_', '-')} {ifcfg.parameter(name, text)}")
    lines += [line for stanza in more for line in stanza]
    for vlan in bond.vlans:
        if vlan.name.rpartition(".")[2] != str(vlan.id):
            raise Unsayable("ifupdown", bond.name, f"that the device of VLAN {vlan.id} is {vlan.name}")
        first, *more = _stanzas(vlan.name, vlan.addresses)
        lines += [*first, f"    vlan-raw-device {bond.name}", *(line for stanza in more for line in stanza)]
    return [*lines, ""]


def _stanzas(name: str, addresses: tuple[Address, ...]) -> list[list[str]]:
    found = []
    for each in addresses:
        lines = [
            f"iface {name} {'inet' if each.ip.version == 4 else 'inet6'} static",
            f"    address {each.ip}",
        ]
        lines += [f"    broadcast {each.broadcast}"] if each.broadcast else []
        found.append(lines)
    return found or [[f"iface {name} inet manual"]]
