"""Commands in a start script: modprobe, ifconfig, ifenslave and their like (HOWTO 3.3).

The script is read, not run, so it may hold nothing that only a shell could do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bondimpl.config import ifcfg, shell
from bondimpl.config.draft import Draft
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, Item, base
from bondimpl.config.model import BondConfig, BondEntry, Start
from bondimpl.config.module_rules import is_module_file, read_rules
from bondimpl.config.modules import Modules, probe_command
from bondimpl.config.values import address, hardware, member, mtu

_Words = list[str]


def read(files: Files, faults: Faults) -> BondConfig:
    """The bonds that are there when the commands have been run on a host without any. Raises ConfigError."""
    rules = read_rules({file: text for file, text in files.items() if is_module_file(file)}, faults)
    script = _Script(Modules(rules, faults), faults)
    for file, text in sorted(files.items()):
        if is_module_file(file):
            continue
        for number, line in shell.lines(text):
            if line and not line.startswith("#"):
                script.line(Item(file, number, line.split()[0]), line)
    return script.modules.config(list(script.modules.drafts.values()))


class _Script:
    def __init__(self, modules: Modules, faults: Faults) -> None:
        self.modules, self.faults = modules, faults
        self._up: set[str] = set()
        self._commands: dict[str, Callable[[Item, _Words], None]] = {
            "modprobe": self._modprobe,
            "insmod": self._modprobe,
            "ifconfig": self._ifconfig,
            "ifenslave": self._ifenslave,
            "vconfig": self._vconfig,
            "ip": self._ip,
        }

    def line(self, item: Item, text: str) -> None:
        for part in text.split(";"):
            words = shell.words(item, part, self.faults)
            if not words:
                continue
            name = base(words[0])
            if name not in self._commands:
                self.faults.add(
                    Item(item.file, item.line, words[0]),
                    f"only {', '.join(self._commands)} are understood; let bonds have a script of their own",
                )
                continue
            self._commands[name](Item(item.file, item.line, name), words[1:])

    def _modprobe(self, item: Item, words: _Words) -> None:
        command = probe_command(item, words, self.faults)
        if command.module:
            self.modules.probe(item, command.module, command)

    def _find(self, item: Item, name: str) -> Draft | None:
        draft = self.modules.drafts.get(name)
        if draft is None and name in self.modules.rules.aliases:
            draft = self.modules.bring_up(item, name)
        elif draft is None:
            self.faults.add(item, f"{name}: there is no such bond; modprobe makes it")
        return draft

    def _ifconfig(self, item: Item, words: _Words) -> None:
        if len(words) < 2:
            self.faults.add(item, "needs a bond and what it gets")
            return
        draft = self._find(item, words[0])
        if draft is None:
            return
        rest, ip = words[1:], ""
        settings: dict[str, str] = {}
        while rest:
            word = rest.pop(0)
            if word == "up":
                self._up.add(draft.name)
            elif word in ("netmask", "broadcast", "mtu") and rest:
                settings[word] = rest.pop(0)
            elif word == "hw" and rest[:1] == ["ether"] and len(rest) > 1:
                draft.mac = hardware(item, rest[1], self.faults)
                del rest[:2]
            elif word[:1].isdigit() and not ip:
                ip = word
            else:
                self.faults.add(item, f"{word}: not understood here")
                return
        if "mtu" in settings:
            draft.mtu = mtu(item, settings["mtu"], self.faults)
        if ip:
            if "netmask" not in settings and "/" not in ip:
                self.faults.add(item, "an address needs its netmask")
                return
            found = address(item, ip, self.faults, settings.get("netmask"), settings.get("broadcast"))
            draft.address(found)
            self._up.add(draft.name)  # an address brings it up

    def _ifenslave(self, item: Item, words: _Words) -> None:
        if len(words) < 2 or words[0].startswith("-"):
            self.faults.add(item, "needs a bond and its slaves")
            return
        draft = self._find(item, words[0])
        if draft is None:
            return
        if draft.name not in self._up:
            self.faults.add(item, f"{draft.name} is not up yet; ifconfig {draft.name} up comes first")
        for word in words[1:]:
            draft.slave(item, member(item, word, self.faults))

    def _vconfig(self, item: Item, words: _Words) -> None:
        if len(words) != 3 or words[0] != "add":
            self.faults.add(item, "write vconfig add BOND ID")
            return
        draft = self._find(item, words[1])
        if draft:
            ifcfg.vlan(draft, item, f"{draft.name}.{words[2]}", words[2], [], self.faults)

    def _ip(self, item: Item, words: _Words) -> None:
        match words:
            case ["addr" | "address", "add", ip, "dev", bond]:
                self._address(item, ip, None, bond)
            case ["addr" | "address", "add", ip, "broadcast", broadcast, "dev", bond]:
                self._address(item, ip, broadcast, bond)
            case ["link", "set", "dev", bond, "up"] | ["link", "set", bond, "up"]:
                if self._find(item, bond):
                    self._up.add(bond)
            case _:
                self.faults.add(
                    item, "write ip addr add IP/LEN [broadcast IP] dev BOND, or ip link set BOND up"
                )

    def _address(self, item: Item, ip: str, broadcast: str | None, bond: str) -> None:
        draft = self._find(item, bond)
        if draft:
            draft.address(address(item, ip, self.faults, None, broadcast))


def write(config: BondConfig) -> dict[str, str]:
    """A script. Raises Unsayable."""
    lines = ["#!/bin/sh", *(f"modprobe {module}" for module in config.before)]
    for bond in config.bonds:
        lines.append(f"modprobe bonding -o {_word(bond.name)} {_parameters(bond)}".rstrip())
    lines += [f"modprobe {module}" for module in config.after]
    for bond in config.bonds:
        lines += _lines(bond)
    return {"bonds.sh": "\n".join(lines) + "\n"}


def _lines(bond: BondEntry) -> Sequence[str]:
    ifcfg.by_name_only(bond, "a script")
    if bond.start is not Start.BOOT:
        raise Unsayable("a script", bond.name, f"that it is started {bond.start}")
    if any(vlan.addresses or vlan.name != f"{bond.name}.{vlan.id}" for vlan in bond.vlans):
        raise Unsayable("a script", bond.name, "names and addresses of VLANs")
    name = _word(bond.name)
    lines = [f"ifconfig {name} hw ether {bond.mac}"] if bond.mac else []
    lines += [f"ifconfig {name} mtu {bond.mtu}"] if bond.mtu else []
    lines.append(f"ifconfig {name} up")
    for each in bond.addresses:
        broadcast = f" broadcast {each.broadcast}" if each.broadcast else ""
        lines.append(f"ip addr add {each.ip}{broadcast} dev {name}")
    lines += [f"ifenslave {name} {_word(slave.name)}" for slave in bond.slaves]
    return lines + [f"vconfig add {name} {vlan.id}" for vlan in bond.vlans]


def _parameters(bond: BondEntry) -> str:
    return " ".join(_word(word) for word in ifcfg.parameter_text(bond.options).split())


def _word(text: str) -> str:
    if ";" in text or text.startswith("-"):
        raise Unsayable("a script", text, "such a name")
    return shell.quoted(text) if set(text) & set(" \"'$`#\\&|<>()*?[]!{}~") else text
