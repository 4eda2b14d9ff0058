"""The commands of the control socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bondimpl import HOWTO_REVISION
from bondimpl.era import Era
from bondimpl.errors import BondError
from bondimpl.frames.ethernet import format_mac
from bondimpl.proc import proc_text
from bondimpl.runtime.instance import Instance
from bondimpl.runtime.ports import Family
from bondimpl.runtime.protocol import PROTOCOL, require_known
from bondimpl.status import as_json


class Bonds(Protocol):
    """The bonds of a daemon."""

    @property
    def era(self) -> Era:
        """Whose driver they are."""

    @property
    def instances(self) -> Mapping[str, Instance]:
        """By name, in the order of making."""

    def add(self, name: str, options: Mapping[str, str]) -> None:
        """Make a bond. Raises BondError."""

    def delete(self, name: str) -> None:
        """Remove a bond that exists."""

    def family(self) -> Family:
        """What the kernel does not know of our bonds."""

    def follow(self) -> None:
        """Take note of what was done to devices, so that commands act on things as they are."""


Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Command:
    run: Callable[[Bonds, Fields], Any]
    needs: tuple[str, ...] = ()
    takes: Mapping[str, type] = field(default_factory=dict)


def execute(bonds: Bonds, request: Fields) -> Any:
    """The result of a request. Raises BondError."""
    name = request.get("command")
    command = _COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise BondError(f"no such command: {name!r}; there are {', '.join((*_COMMANDS, 'monitor'))}")
    require_known(request)
    about = ("command", "protocol")
    fields = {key: value for key, value in request.items() if key not in about and value is not None}
    types: dict[str, type] = {**dict.fromkeys(command.needs, str), **command.takes}
    for key, value in fields.items():
        if key not in types:
            raise BondError(f"{name}: no such field: {key!r}")
        if not isinstance(value, types[key]):
            raise BondError(f"{name}: {key} must be {_TYPE_NAMES[types[key]]}")
    for key in command.needs:
        if key not in fields:
            raise BondError(f"{name}: {key} is missing")
    bonds.follow()
    return command.run(bonds, fields)


def _add(bonds: Bonds, fields: Fields) -> None:
    options = fields.get("options", {})
    name, texts = fields["bond"], {name: _text(name, value) for name, value in options.items()}
    if not fields.get("strict", False):
        bonds.add(name, texts)
        return
    bonds.add(name, {})
    try:
        bonds.instances[name].set_options(texts)
    except BondError:
        bonds.delete(name)
        raise


def _delete(bonds: Bonds, fields: Fields) -> None:
    instance = _instance(bonds, fields)
    if fields.get("if_down", False) and bonds.era.busy_while_up and instance.bond.admin_up:
        raise BondError(f"{instance.name} is up, and so in use; take it down first", "EBUSY")
    bonds.delete(instance.name)


def _list(bonds: Bonds, _fields: Fields) -> list[str]:
    return list(bonds.instances)


def _enslave(bonds: Bonds, fields: Fields) -> dict[str, Any] | None:
    take_down = fields.get("take_down", False)
    taken = _instance(bonds, fields).enslave(_slaves(fields), bonds.family(), take_down=take_down)
    return {"taken_down": taken} if take_down else None


def _release(bonds: Bonds, fields: Fields) -> None:
    _instance(bonds, fields).release(_slaves(fields))


def _slaves(fields: Fields) -> list[str]:
    """Either `slave` or `slaves`."""
    if ("slave" in fields) == ("slaves" in fields):
        raise BondError("give either slave or slaves")
    slaves: list[Any] = fields["slaves"] if "slaves" in fields else [fields["slave"]]
    if not slaves or not all(isinstance(slave, str) for slave in slaves):
        raise BondError("slaves must be texts, at least one")
    return slaves


def _vlan_add(bonds: Bonds, fields: Fields) -> str:
    return _instance(bonds, fields).add_vlan(_vlan_id(fields), fields.get("name"))


def _vlan_delete(bonds: Bonds, fields: Fields) -> None:
    _instance(bonds, fields).bond.remove_vlan(_vlan_id(fields))


def _vlan_id(fields: Fields) -> int:
    if "id" not in fields:
        raise BondError("vlan: id is missing")
    return int(fields["id"])


def _set(bonds: Bonds, fields: Fields) -> None:
    instance = _instance(bonds, fields)
    if ("option" in fields) == ("options" in fields):
        raise BondError("set: give either option and value, or options")
    if "option" in fields:
        options = {fields["option"]: fields.get("value", "")}
    elif "value" in fields:
        raise BondError("set: value belongs to option")
    else:
        options = fields["options"]
    texts = {name: _text(name, value) for name, value in options.items()}
    if "slave" in fields:
        instance.set_slave_options(fields["slave"], texts)
    else:
        instance.set_options(texts)


def _up(bonds: Bonds, fields: Fields) -> None:
    _instance(bonds, fields).set_up(True)


def _down(bonds: Bonds, fields: Fields) -> None:
    _instance(bonds, fields).set_up(False)


def _show(bonds: Bonds, fields: Fields) -> dict[str, Any]:
    instance = _instance(bonds, fields)
    vlans = [
        {"id": vlan.id, "name": vlan.name, "mac": format_mac(vlan.mac)}
        for vlan in instance.bond.vlans.values()
    ]
    more = {"mtu": instance.machine.mtu, "counters": instance.counters(), "vlans": vlans}
    return as_json(instance.bond.snapshot()) | more


def _proc(bonds: Bonds, fields: Fields) -> str:
    # The driver's version is that of the kernel it came with.
    snapshot = _instance(bonds, fields).bond.snapshot()
    return proc_text(snapshot, os.uname().release, privileged=not fields.get("unprivileged", False))


def _log(bonds: Bonds, fields: Fields) -> list[str]:
    return list(_instance(bonds, fields).log)


def _version(bonds: Bonds, _fields: Fields) -> dict[str, Any]:
    netns = os.stat("/proc/self/ns/net").st_ino  # a socket may be seen from other namespaces, too
    return {
        "howto": HOWTO_REVISION,
        "protocol": PROTOCOL,
        "era": bonds.era.name,
        "pid": os.getpid(),
        "netns": netns,
    }


def _probe(bonds: Bonds, fields: Fields) -> dict[str, Any]:
    instance, slave = _instance(bonds, fields), fields["slave"]
    shim = instance.shim
    if shim is None:
        raise BondError("bondd was started without --fault-shim", "EPERM")
    if slave not in instance.bond.slaves:
        raise BondError(f"{slave} is not a slave of {instance.name}")
    for query, answer in fields.get("answers", {}).items():
        shim.answer(slave, query, _text(query, answer))
    if "refresh_ms" in fields:
        shim.refresh(slave, fields["refresh_ms"])
    lies = shim.of(slave)
    return {
        "answers": dict(lies.answers),
        "refresh_ms": lies.refresh_ms,
        "asked": dict(lies.asked),
        "vlans": lies.vlans,
    }


def _instance(bonds: Bonds, fields: Fields) -> Instance:
    name = fields["bond"]
    if name not in bonds.instances:
        raise BondError(f"{name}: there is no such bond", "ENODEV")
    return bonds.instances[name]


def _text(name: str, value: object) -> str:
    """Option values are texts; a number is as good."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BondError(f"option {name}: its value must be a text or a whole number")
    return str(value)


_TYPE_NAMES = {
    str: "a text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a whole number",
    object: "a value",
}
_COMMANDS: dict[str, _Command] = {
    "add": _Command(_add, ("bond",), {"options": dict, "strict": bool}),
    "delete": _Command(_delete, ("bond",), {"if_down": bool}),
    "list": _Command(_list),
    "enslave": _Command(_enslave, ("bond",), {"slave": str, "slaves": list, "take_down": bool}),
    "release": _Command(_release, ("bond",), {"slave": str, "slaves": list}),
    "vlan_add": _Command(_vlan_add, ("bond",), {"id": int, "name": str}),
    "vlan_delete": _Command(_vlan_delete, ("bond",), {"id": int}),
    "set": _Command(_set, ("bond",), {"option": str, "value": object, "options": dict, "slave": str}),
    "up": _Command(_up, ("bond",)),
    "down": _Command(_down, ("bond",)),
    "show": _Command(_show, ("bond",)),
    "proc": _Command(_proc, ("bond",), {"unprivileged": bool}),
    "log": _Command(_log, ("bond",)),
    "version": _Command(_version),
    "probe": _Command(_probe, ("bond", "slave"), {"answers": dict, "refresh_ms": int}),
}
