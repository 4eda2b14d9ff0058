"""Writing systemd-networkd's files. Their names keep the order of bonds and slaves."""

from __future__ import annotations

from bondimpl.config import option_words
from bondimpl.config.errors import Unsayable
from bondimpl.config.model import Address, BondConfig, BondEntry, Start


def write(config: BondConfig) -> dict[str, str]:
    """Raises Unsayable."""
    files: dict[str, str] = {}
    for number, bond in enumerate(config.bonds):
        files |= _files(f"{number:04}", bond)
    return files


def _files(at: str, bond: BondEntry) -> dict[str, str]:
    options = dict(bond.options)
    primary = options.pop("primary", None)
    names = [slave.name for slave in bond.slaves]
    if primary and primary not in names:
        raise Unsayable("networkd", bond.name, "a primary that is no slave")
    for name in (bond.name, *names):
        if set(name) & set("*?[\\!"):
            raise Unsayable("networkd", bond.name, f"a name like {name}")
    lines = ["[NetDev]", f"Name={bond.name}", "Kind=bond"]
    lines += [f"MACAddress={bond.mac}"] if bond.mac else []
    lines += [f"MTUBytes={bond.mtu}"] if bond.mtu else []
    lines += ["", "[Bond]", *(_word(bond.name, name, text) for name, text in options.items())]
    files = {f"{at}-bond.netdev": _text(lines)}
    for number, slave in enumerate(bond.slaves):
        match = f"Name={slave.name}" if slave.name else f"MACAddress={slave.mac}"
        lines = ["[Match]", match, "", "[Network]", f"Bond={bond.name}"]
        lines += ["PrimarySlave=yes"] if primary and slave.name == primary else []
        files[f"{at}-slave{number:04}.network"] = _text(lines)
    policy = {Start.BOOT: "up", Start.MANUAL: "manual", Start.OFF: "always-down"}[bond.start]
    lines = ["[Match]", f"Name={bond.name}", "", "[Link]", f"ActivationPolicy={policy}", "", "[Network]"]
    lines += [f"VLAN={vlan.name}" for vlan in bond.vlans]
    files[f"{at}-bond.network"] = _text(lines + _write_addresses(bond.addresses))
    for number, vlan in enumerate(bond.vlans):
        lines = ["[NetDev]", f"Name={vlan.name}", "Kind=vlan", "", "[VLAN]", f"Id={vlan.id}"]
        files[f"{at}-vlan{number:04}.netdev"] = _text(lines)
        lines = ["[Match]", f"Name={vlan.name}", *_write_addresses(vlan.addresses)]
        files[f"{at}-vlan{number:04}.network"] = _text(lines)
    return files


def _write_addresses(addresses: tuple[Address, ...]) -> list[str]:
    lines = []
    for each in addresses:
        lines += ["", "[Address]", f"Address={each.ip}"]
        lines += [f"Broadcast={each.broadcast}"] if each.broadcast else []
    return lines


def _word(bond: str, option: str, text: str) -> str:
    if option not in option_words.NETWORKD:
        raise Unsayable("networkd", bond, f"the option {option}")
    if option in option_words.TIMES:
        text += "s" if option == "lp_interval" else "ms"
    elif option in option_words.LISTS:
        text = text.replace(",", " ")
    return f"{option_words.NETWORKD[option]}={text}"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
