"""systemd-networkd: .netdev and .network files (systemd.netdev(5), systemd.network(5))."""

from __future__ import annotations

import re
from fractions import Fraction

from bondimpl.config import ifcfg, option_words, shell
from bondimpl.config.draft import Draft, finish
from bondimpl.config.faults import Faults, Files, Item, base
from bondimpl.config.model import Address, BondConfig, Member, Start
from bondimpl.config.values import address, hardware, interface, member, mtu

_SECTION = re.compile(r"\[([A-Za-z0-9]+)\]")
_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(us|ms|s|sec|min|)")
_UNITS = {"us": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000), "sec": Fraction(1000)}
_UNITS |= {"": Fraction(1000), "min": Fraction(60_000)}
_BY_WORD = {word: option for option, word in option_words.NETWORKD.items()}

Section = tuple[str, list[Item]]


def read(files: Files, faults: Faults) -> BondConfig:
    """Files are taken in the order of their names, whatever their directory. Raises ConfigError."""
    ordered = sorted(files, key=lambda file: (base(file), file))
    units = {file: _sections(file, files[file], faults) for file in ordered}
    drafts: dict[str, Draft] = {}
    tags: dict[str, tuple[Item, str]] = {}
    for file, sections in units.items():
        if file.endswith(".netdev"):
            _netdev(file, sections, drafts, tags, faults)
    found: dict[str, list[Address]] = {}
    below: dict[str, str] = {}
    for file, sections in units.items():
        if file.endswith(".network"):
            _network(sections, drafts, found, below, faults)
    for name, (item, tag) in tags.items():
        if name in below:
            ifcfg.vlan(drafts[below[name]], item, name, tag, found.get(name, []), faults)
    for draft in drafts.values():
        draft.addresses += found.get(draft.name, [])
    return finish(list(drafts.values()), faults)


def _sections(file: str, text: str, faults: Faults) -> list[Section]:
    found: list[Section] = []
    for number, line in shell.lines(text):
        if not line or line[0] in "#;":
            continue
        if match := _SECTION.fullmatch(line):
            found.append((match[1], []))
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        item = Item(file, number, key.split()[0] if key else "line", value)
        if not equals or not key or not found:
            faults.add(item, "write Key=value below a [Section]")
        else:
            found[-1][1].append(item)
    return found


def _items(sections: list[Section], name: str) -> list[Item]:
    return [item for section, items in sections if section == name for item in items]


def _netdev(
    file: str,
    sections: list[Section],
    drafts: dict[str, Draft],
    tags: dict[str, tuple[Item, str]],
    faults: Faults,
) -> None:
    device = {item.key: item for item in _items(sections, "NetDev")}
    kind, name = device.get("Kind"), device.get("Name")
    if not kind or not name:
        faults.add(Item(file, 1, "NetDev"), "needs Name= and Kind=")
        return
    if kind.value not in ("bond", "vlan") or not interface(name, name.value, faults):
        return
    if name.value in drafts or name.value in tags:
        faults.add(name, f"{name.value}: there is such a device already")
        return
    if kind.value == "vlan":
        ids = [item for item in _items(sections, "VLAN") if item.key == "Id"]
        if ids:
            tags[name.value] = (ids[-1], ids[-1].value)
        else:
            faults.add(name, "a VLAN needs Id= in [VLAN]")
        return
    draft = drafts[name.value] = Draft(name.value, name)
    for key, item in device.items():
        if key == "MACAddress":
            draft.mac = hardware(item, item.value, faults)
        elif key == "MTUBytes":
            draft.mtu = mtu(item, item.value, faults)
        elif key not in ("Name", "Kind", "Description"):
            faults.add(item, "not a key that is understood for a bond")
    for item in _items(sections, "Bond"):
        _option(draft, item, faults)


def _option(draft: Draft, item: Item, faults: Faults) -> None:
    option = _BY_WORD.get(item.key)
    if option is None:
        faults.add(item, f"not a key of [Bond]; there are {', '.join(_BY_WORD)}")
        return
    text: str | None = item.value
    if option in option_words.TIMES:
        text = _time(item, option, faults)
    elif option in option_words.LISTS:
        text = ",".join(item.value.split())
    elif option in option_words.SWITCHES:
        text = option_words.YES.get(item.value.lower(), item.value)
    if text is not None:
        draft.given.append((item, option, text))


def _time(item: Item, option: str, faults: Faults) -> str | None:
    match = _TIME.fullmatch(item.value)
    in_ms = Fraction(match[1]) * _UNITS[match[2]] if match else None
    value = in_ms / 1000 if in_ms is not None and option == "lp_interval" else in_ms
    if value is None or value.denominator != 1:
        faults.add(item, f"{item.value!r}: write a time such as 100ms or 1s")
        return None
    return str(value)


def _network(
    sections: list[Section],
    drafts: dict[str, Draft],
    found: dict[str, list[Address]],
    below: dict[str, str],
    faults: Faults,
) -> None:
    matched = _matched(_items(sections, "Match"), faults)
    names = [each.name for each in matched]
    for item in _items(sections, "Network"):
        if item.key == "Bond":
            if item.value not in drafts:
                faults.add(item, f"{item.value}: no .netdev makes such a bond")
                continue
            for each in matched:
                drafts[item.value].slave(item, each)
            if _has_wildcards(sections):
                faults.add(item, "of which NICs? [Match] may have no wildcards for slaves")
            if not matched:
                faults.add(item, "of which NIC? [Match] needs Name= or MACAddress=")
            _primary(drafts[item.value], _items(sections, "Network"), names, faults)
        elif item.key == "Gateway" and set(names) & set(drafts):
            faults.add(item, "routes are not set here; leave it out")
        elif item.key == "VLAN":
            below.update((item.value, name) for name in names if name in drafts)
        elif item.key == "DHCP" and item.value not in ("no", "false") and set(names) & set(drafts):
            faults.add(item, "there is no DHCP client here")
    if not names:
        return
    found.setdefault(names[0], []).extend(_addresses(sections, faults))
    for item in _items(sections, "Link"):
        if item.key == "ActivationPolicy" and names[0] in drafts:
            policies = {"up": Start.BOOT, "always-up": Start.BOOT, "manual": Start.MANUAL}
            policies |= {"down": Start.OFF, "always-down": Start.OFF}
            if item.value not in policies:
                faults.add(item, f"{item.value!r}: one of {', '.join(policies)}")
            drafts[names[0]].start = policies.get(item.value, Start.OFF)


def _has_wildcards(sections: list[Section]) -> bool:
    return any(item.key == "Name" and set(item.value) & set("*?[!") for item in _items(sections, "Match"))


def _matched(items: list[Item], faults: Faults) -> list[Member]:
    found: list[Member | None] = []
    for item in items:
        for word in item.value.split():
            if item.key in ("MACAddress", "PermanentMACAddress"):
                mac = hardware(item, word, faults)
                found.append(Member(mac=mac) if mac else None)
            elif item.key == "Name" and not set(word) & set("*?["):
                found.append(member(item, word, faults))
    return [each for each in found if each]


def _primary(draft: Draft, items: list[Item], names: list[str], faults: Faults) -> None:
    for item in items:
        if item.key == "PrimarySlave" and option_words.YES.get(item.value.lower()) == "on":
            if len(names) == 1 and names[0]:
                draft.given.append((item, "primary", names[0]))
            else:
                faults.add(item, "of one NIC that is known by its name")


def _addresses(sections: list[Section], faults: Faults) -> list[Address]:
    found: list[Address | None] = []
    for section, items in sections:
        if section == "Network":
            found += [address(item, item.value, faults) for item in items if item.key == "Address"]
        elif section == "Address":
            keys = {item.key: item for item in items}
            broadcast = keys["Broadcast"].value if "Broadcast" in keys else None
            if "Address" in keys:
                found.append(address(keys["Address"], keys["Address"].value, faults, None, broadcast))
    return [each for each in found if each]
