"""Writing modprobe.conf: one instance of the module for each bond (HOWTO 3.4)."""

from __future__ import annotations

from bondimpl.config import ifcfg
from bondimpl.config.errors import Unsayable
from bondimpl.config.model import BondConfig, BondEntry, Start


def write(config: BondConfig) -> dict[str, str]:
    """Options only. Raises Unsayable for a bond that has more than that."""
    if config.after or config.drivers:
        raise Unsayable("modprobe.conf", "modules", "which drivers are loaded after bonding")
    if config.before and not config.bonds:
        raise Unsayable("modprobe.conf", "modules", "what is loaded where there is no bond")
    lines = []
    for bond in config.bonds:
        _check(bond)
        words = f"options {bond.name} -o {bond.name} {ifcfg.parameter_text(bond.options)}"
        lines += [f"alias {bond.name} bonding", words.rstrip()]
    if config.before:
        loads = "; ".join(f"/sbin/modprobe {module}" for module in config.before)
        lines.append(f"install bonding {loads}; /sbin/modprobe --ignore-install bonding")
    return {"modprobe.conf": "\n".join([*lines, ""])}


def _check(bond: BondEntry) -> None:
    more = bond.slaves or bond.addresses or bond.mac or bond.mtu or bond.vlans
    if more or bond.start is not Start.BOOT:
        raise Unsayable("modprobe.conf", bond.name, "more than its options")
    if set(bond.name + ifcfg.parameter_text(bond.options)) & set("\"'$`\\#") or bond.name.startswith("-"):
        raise Unsayable("modprobe.conf", bond.name, "a name with quotes")
