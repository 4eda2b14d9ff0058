"""netplan: bonds in YAML, as Ubuntu's systems have them (a strict subset, see yaml_subset)."""

from __future__ import annotations

from bondimpl.config import ifcfg, option_words
from bondimpl.config.draft import Draft, finish
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files
from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Start
from bondimpl.config.values import address, hardware, interface, mtu
from bondimpl.config.yaml_subset import Node, parse

_OPTIONS = {word: option for option, word in option_words.NETPLAN.items()} | option_words.OLD_NETPLAN
_STARTS = {"manual": Start.MANUAL, "off": Start.OFF}
_IGNORED = {"optional", "renderer"}


def read(files: Files, faults: Faults) -> BondConfig:
    """The bonds of these files, in their order, with the VLANs over them. Raises ConfigError."""
    reader = _Reader(faults)
    roots = []
    for file, text in sorted(files.items()):
        top = _mapping(parse(file, text, faults), faults)
        for key, node in top.items():
            if key == "network":
                roots.append(_mapping(node, faults))
            else:
                faults.add(node.item, "only `network` may stand here")
    for root in roots:
        reader.nics(root)
    for root in roots:
        for name, node in _section(root, "bonds", faults).items():
            reader.bond(name, node)
    for root in roots:
        for name, node in _section(root, "vlans", faults).items():
            reader.vlan(name, node)
    return finish(list(reader.drafts.values()), faults)


def _mapping(node: Node | None, faults: Faults) -> dict[str, Node]:
    if node is None or (node.mapping is None and node.items is None and not node.item.value):
        return {}
    if node.mapping is None:
        faults.add(node.item, "a mapping is wanted here")
    return node.mapping or {}


def _section(root: dict[str, Node], key: str, faults: Faults) -> dict[str, Node]:
    return _mapping(root.get(key), faults)


class _Reader:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.drafts: dict[str, Draft] = {}
        self._macs: dict[str, str] = {}
        self._groups: set[str] = set()

    def nics(self, root: dict[str, Node]) -> None:
        """Which NICs are known by their hardware address, and which are not known at all."""
        for name, node in _section(root, "ethernets", self.faults).items():
            match = _section(_mapping(node, self.faults), "match", self.faults)
            if match and "macaddress" not in match:
                self._groups.add(name)
            elif match:
                item = match["macaddress"].item
                mac = hardware(item, item.value, self.faults)
                if mac:
                    self._macs[name] = mac

    def bond(self, name: str, node: Node) -> None:
        if not interface(node.item, name, self.faults):
            return
        if name in self.drafts:
            self.faults.add(node.item, "given twice")
            return
        draft = self.drafts[name] = Draft(name, node.item)
        for key, value in _mapping(node, self.faults).items():
            item = value.item
            if key == "interfaces":
                for each in self._list(value):
                    draft.slave(each.item, self._member(each))
            elif key == "addresses":
                draft.addresses += self._addresses(value)
            elif key == "mtu":
                draft.mtu = mtu(item, item.value, self.faults)
            elif key == "macaddress":
                draft.mac = hardware(item, item.value, self.faults)
            elif key == "activation-mode" and item.value in _STARTS:
                draft.start = _STARTS[item.value]
            elif key == "parameters":
                for word, parameter in _mapping(value, self.faults).items():
                    self._option(draft, word, parameter)
            elif key in ("dhcp4", "dhcp6"):
                if option_words.YES.get(item.value) != "off":
                    self.faults.add(item, "there is no DHCP client here")
            elif key not in _IGNORED:
                self.faults.add(item, "not a key that is understood for a bond")

    def vlan(self, name: str, node: Node) -> None:
        keys = _mapping(node, self.faults)
        below, tag = keys.get("link"), keys.get("id")
        if below is None or tag is None:
            self.faults.add(node.item, "a VLAN needs id and link")
        elif below.item.value in self.drafts and interface(node.item, name, self.faults):
            found = self._addresses(keys["addresses"]) if "addresses" in keys else []
            draft = self.drafts[below.item.value]
            ifcfg.vlan(draft, tag.item, name, tag.item.value, found, self.faults)

    def _member(self, node: Node) -> Member | None:
        if node.item.value in self._macs:
            return Member(mac=self._macs[node.item.value])
        if node.item.value in self._groups:
            self.faults.add(node.item, f"{node.item.value}: `match` of a slave must have macaddress")
            return None
        name = interface(node.item, node.item.value, self.faults)
        return Member(name) if name else None

    def _addresses(self, node: Node) -> list[Address]:
        found = (address(each.item, each.item.value, self.faults) for each in self._list(node))
        return [each for each in found if each]

    def _list(self, node: Node) -> list[Node]:
        if node.items is None:
            self.faults.add(node.item, "a list is wanted here")
        return node.items or []

    def _option(self, draft: Draft, word: str, node: Node) -> None:
        option = _OPTIONS.get(word)
        if option is None:
            self.faults.add(node.item, f"no such parameter; there are {', '.join(_OPTIONS)}")
            return
        text = node.item.value
        if option in option_words.LISTS:
            text = ",".join(each.item.value for each in self._list(node))
        elif option in option_words.SWITCHES:
            text = option_words.YES.get(text, text)
        elif option in option_words.TIMES:
            text = text.removesuffix("s" if option == "lp_interval" else "ms")
        draft.given.append((node.item, option, text))


def write(config: BondConfig) -> dict[str, str]:
    """Raises Unsayable."""
    slaves = [slave for bond in config.bonds for slave in bond.slaves]
    lines = ["network:", "  version: 2", "  ethernets:" if slaves else "  ethernets: {}"]
    for slave in slaves:
        if slave.name:
            lines.append(f"    {_quoted(slave.name)}: {{}}")
        else:
            lines += [f"    {_id(slave)}:", "      match:", f"        macaddress: '{slave.mac}'"]
    if config.bonds:
        lines += ["  bonds:", *(line for bond in config.bonds for line in _bond(bond))]
    vlans = [(bond, vlan) for bond in config.bonds for vlan in bond.vlans]
    lines += ["  vlans:"] if vlans else []
    for bond, vlan in vlans:
        lines += [f"    {_quoted(vlan.name)}:", f"      id: {vlan.id}", f"      link: {_quoted(bond.name)}"]
        lines += _addresses(bond.name, vlan.addresses)
    return {"bonds.yaml": "\n".join(lines) + "\n"}


def _bond(bond: BondEntry) -> list[str]:
    lines = [f"    {_quoted(bond.name)}:"]
    lines.append(f"      interfaces: [{', '.join(_id(slave) for slave in bond.slaves)}]")
    lines += _addresses(bond.name, bond.addresses)
    lines += [f"      macaddress: '{bond.mac}'"] if bond.mac else []
    lines += [f"      mtu: {bond.mtu}"] if bond.mtu else []
    lines += [f"      activation-mode: {bond.start}"] if bond.start is not Start.BOOT else []
    lines += ["      parameters:"] if bond.options else []
    for option, text in bond.options:
        if option not in option_words.NETPLAN:
            raise Unsayable("netplan", bond.name, f"the option {option}")
        if option in option_words.LISTS:
            text = f"[{', '.join(text.split(','))}]"
        elif option in option_words.SWITCHES:
            text = "true" if text == "on" else "false"
        elif option == "primary":
            text = _quoted(text)
        lines.append(f"        {option_words.NETPLAN[option]}: {text}")
    return lines


def _addresses(bond: str, addresses: tuple[Address, ...]) -> list[str]:
    if any(each.broadcast for each in addresses):
        raise Unsayable("netplan", bond, "a broadcast address")
    return ["      addresses:", *(f"        - '{each.ip}'" for each in addresses)] if addresses else []


def _id(slave: Member) -> str:
    return _quoted(slave.name) if slave.name else f"nic-{slave.mac.replace(':', '')}"


def _quoted(name: str) -> str:
    if set(name) & set("'\"\\,[]{}"):
        raise Unsayable("netplan", name, "a name with quotes")
    return f"'{name}'"
