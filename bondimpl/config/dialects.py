"""The dialects, and which of them some files are written in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bondimpl.config import (
    ifupdown,
    initscripts,
    manual,
    modprobe_conf,
    modules,
    netplan,
    networkd,
    networkd_files,
    sysconfig,
)
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import Faults, Files, base
from bondimpl.config.model import BondConfig
from bondimpl.config.module_rules import is_module_file
from bondimpl.errors import BondError

_INITSCRIPTS = re.compile(r"^\s*(SLAVE|MASTER|BONDING_OPTS|DEVICE|ONBOOT)=", re.MULTILINE)
_SYSCONFIG = re.compile(r"^\s*(BONDING_M\w+|BONDING_SLAVE\w+|STARTMODE)=", re.MULTILINE)

_SUSE, _RED_HAT = "etc/sysconfig/network", "etc/sysconfig/network-scripts"


@dataclass(frozen=True, slots=True)
class Dialect:
    """`is_ours` tells a file by path and text. `read` raises ConfigError, `write` Unsayable."""

    name: str
    where: str
    is_ours: Callable[[str, str], bool]
    read: Callable[[Files, Faults], BondConfig]
    write: Callable[[BondConfig], dict[str, str]]


def _is_ifcfg(path: str) -> bool:
    return base(path).startswith("ifcfg-")


def _is_sysconfig(path: str, text: str) -> bool:
    return (
        base(path).startswith("ifcfg-") and "network-scripts/" not in path and bool(_SYSCONFIG.search(text))
    )


def _is_initscripts(path: str, text: str) -> bool:
    return _is_ifcfg(path) and bool(_INITSCRIPTS.search(text))


def _is_ifupdown(path: str, _text: str) -> bool:
    return base(path) == "interfaces" or "interfaces.d/" in path


def _is_networkd(path: str, _text: str) -> bool:
    return path.endswith((".netdev", ".network"))


def _is_netplan(path: str, _text: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _is_script(path: str, _text: str) -> bool:
    return base(path) in ("boot.local", "rc.local") or path.endswith(".sh")


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("sysconfig", _SUSE, _is_sysconfig, sysconfig.read, sysconfig.write),
        Dialect(
            "initscripts",
            "etc/sysconfig/network-scripts",
            _is_initscripts,
            initscripts.read,
            initscripts.write,
        ),
        Dialect("ifupdown", "etc/network", _is_ifupdown, ifupdown.read, ifupdown.write),
        Dialect("networkd", "etc/systemd/network", _is_networkd, networkd.read, networkd_files.write),
        Dialect("netplan", "etc/netplan", _is_netplan, netplan.read, netplan.write),
        Dialect("manual", "etc/init.d", _is_script, manual.read, manual.write),
        Dialect("modprobe", "etc", lambda path, _: is_module_file(path), modules.read, modprobe_conf.write),
    )
}
_WITH_MODULE_FILES = ("initscripts", "manual")


def read(files: Files, name: str | None = None) -> BondConfig:
    """The configuration in these files. Raises ConfigError, or BondError when the dialect is not clear."""
    dialect = find(name) if name else _guess(files)
    ours = {path: text for path, text in files.items() if dialect.is_ours(path, text)}
    ours = ours or dict(files)  # by other names than usual
    folder = f"{dialect.where}/"
    if any(folder in f"/{path}" for path in ours):
        ours = {path: text for path, text in ours.items() if folder in f"/{path}"}
    if dialect.name in _WITH_MODULE_FILES:
        ours |= {path: text for path, text in files.items() if is_module_file(path)}
    return dialect.read(ours, Faults())


def write(config: BondConfig, name: str) -> dict[str, str]:
    """The files of a dialect that say the same. Raises Unsayable, or BondError for an unknown dialect."""
    dialect = find(name)
    loads = config.before or config.after if dialect.name not in ("manual", "modprobe") else ()
    if loads or config.drivers:
        raise Unsayable(dialect.name, "modules", "which drivers of NICs are loaded")
    return dialect.write(config)


def find(name: str) -> Dialect:
    """Raises BondError."""
    if name not in DIALECTS:
        raise BondError(f"no such dialect: {name!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[name]


def _guess(files: Files) -> Dialect:
    found = [
        dialect
        for dialect in DIALECTS.values()
        if any(dialect.is_ours(path, text) for path, text in files.items())
    ]
    if len(found) > 1 and found[-1].name == "modprobe":
        found.pop()  # a part of other dialects
    if not found:
        raise BondError(f"no file of a known dialect; name one of {', '.join(DIALECTS)} (--dialect)")
    if len(found) > 1:
        names = " and ".join(dialect.name for dialect in found)
        raise BondError(f"{names} are both there; name one (--dialect)")
    return found[0]
