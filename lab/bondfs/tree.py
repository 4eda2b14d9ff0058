"""The tree: which paths there are, and what reading and writing them asks of bondd.

    sys/class/net/bonding_masters
    sys/class/net/bond0/bonding/*          lower_eth0 -> ../eth0
    sys/class/net/eth0/bonding_slave/*     master -> ../bond0, upper_bond0 -> ../bond0
    proc/net/bonding/bond0

Everything else in sys/class/net and proc/net is a link to what the kernel has. Where no bondd answers, only
that is there, as without the driver's module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bondimpl.errors import BondError, MachineError
from lab.bondfs import reading, writing
from lab.bondfs.reading import Shown


class Control(Protocol):
    """Asks bondd."""

    def __call__(self, command: str, **fields: Any) -> Any:
        """The result of a command. Raises BondError."""


class Kernel(Protocol):
    """What the kernel itself has: see `lab.bondfs.beneath`."""

    def interfaces(self) -> list[str]: ...
    def device(self, name: str) -> str | None: ...
    def attributes(self, name: str) -> list[str]: ...
    def proc_files(self) -> list[str]: ...
    def proc_file(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Directory:
    """`names` of what is in it."""

    names: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class File:
    """`read(privileged)`, and `write(text)` where it can be written. `size` in bytes is what `stat` says."""

    read: Callable[[bool], str]
    write: Callable[[str], None] | None = None
    size: int = 4096


Node = Directory | Link | File


class Tree:
    """Paths of the tree, as things are now."""

    def __init__(self, control: Control, kernel: Kernel) -> None:
        self._control = control
        self._kernel = kernel

    def node(self, path: str) -> Node:
        """What is there. Raises FileNotFoundError, BondError."""
        match [part for part in path.split("/") if part]:
            case []:
                return _fixed("proc", "sys")
            case ["sys"]:
                return _fixed("class")
            case ["proc"] | ["sys", "class"]:
                return _fixed("net")
            case ["sys", "class", "net", *rest]:
                return self._in_class(rest)
            case ["proc", "net", *rest]:
                return self._in_proc(rest)
        raise FileNotFoundError(path)

    def _in_class(self, rest: list[str]) -> Node:
        bonds = self._bonds()
        match rest:
            case []:
                ours = ["bonding_masters"] if bonds is not None else []
                return Directory(lambda: {*self._kernel.interfaces(), *ours, *(bonds or {})})
            case ["bonding_masters"] if bonds is not None:
                names = list(bonds)
                return File(lambda _: reading.masters(names), self._write_masters)
            case [name] if not self._is_ours(name, bonds or {}):
                return _link_to(self._kernel.device(name))
            case [name, *below]:
                return self._in_interface(name, below, bonds or {})
        raise FileNotFoundError

    def _in_interface(self, name: str, below: list[str], bonds: Mapping[str, Shown]) -> Node:
        own = dict(self._own(name, bonds))
        match below:
            case []:
                return Directory(lambda: {*self._kernel.attributes(name), *own})
            case [entry] if entry in own:
                return own[entry]
            case [entry] if own and entry in self._kernel.attributes(name):
                return Link(f"{self._kernel.device(name)}/{entry}")
            case ["bonding", file] if name in bonds and file in reading.BOND_FILES:
                return self._bond_file(bonds[name], file)
            case ["bonding_slave", file] if "bonding_slave" in own and file in reading.SLAVE_FILES:
                bond = next(b for b in bonds.values() if name in _slaves(b))
                text = reading.SLAVE_FILES[file](bond, _slaves(bond)[name])
                return File(lambda _: reading.line(text))
        raise FileNotFoundError

    def _own(self, name: str, bonds: Mapping[str, Shown]) -> Iterable[tuple[str, Node]]:
        """What the driver adds to the directory of an interface."""
        if name in bonds:
            yield "bonding", _fixed(*reading.BOND_FILES)
            for slave in _slaves(bonds[name]):
                yield f"lower_{slave}", Link(f"../{slave}")
        for bond in bonds.values():
            if name in _slaves(bond):
                yield "bonding_slave", _fixed(*reading.SLAVE_FILES)
                for link in ("master", f"upper_{bond['name']}"):
                    yield link, Link(f"../{bond['name']}")

    def _bond_file(self, bond: Shown, name: str) -> File:
        read = reading.BOND_FILES[name]
        write = None if name in reading.READ_ONLY else partial(self._write_option, bond, name)
        return File(lambda privileged: reading.line(read(bond, privileged)), write)

    def _write_option(self, bond: Shown, name: str, text: str) -> None:
        command, fields = writing.option(bond, name, text, self._exists)
        try:
            self._control(command, **fields)
        except MachineError:
            raise
        except BondError as error:
            raise BondError(str(error), writing.refusal(name, error)) from error

    def _write_masters(self, text: str) -> None:
        command, fields = writing.masters(text)
        self._control(command, **fields)

    def _in_proc(self, rest: list[str]) -> Node:
        # Of what is the kernel's alone bondd is not asked: it may not answer.
        bonds = None if len(rest) == 1 and rest != ["bonding"] else self._bonds()
        match rest:
            case []:
                ours = ["bonding"] if bonds is not None else []
                return Directory(lambda: {*self._kernel.proc_files(), *ours})
            case ["bonding"] if bonds is not None:
                return _fixed(*bonds)
            case ["bonding", name] if name in (bonds or {}):
                return File(partial(self._proc_text, name), size=0)
            case [name] if name in self._kernel.proc_files():
                return Link(self._kernel.proc_file(name))
        raise FileNotFoundError

    def _proc_text(self, bond: str, privileged: bool) -> str:
        return str(self._control("proc", bond=bond, unprivileged=not privileged))

    def _exists(self, name: str) -> bool:
        return self._kernel.device(name) is not None

    def _is_ours(self, name: str, bonds: Mapping[str, Shown]) -> bool:
        return name in bonds or any(name in _slaves(bond) for bond in bonds.values())

    def _bonds(self) -> dict[str, Shown] | None:
        """By name, in the order of making; None when no bondd answers. Raises BondError."""
        try:
            names = self._control("list")
        except MachineError as error:
            if error.errno == "ECONNREFUSED":
                return None
            raise
        found = {}
        for name in names:
            try:
                found[name] = self._control("show", bond=name)
            except BondError as error:
                if error.errno != "ENODEV":  # gone meanwhile
                    raise
        return found


def _slaves(bond: Shown) -> dict[str, Shown]:
    return {slave["name"]: slave for slave in bond["slaves"]}


def _fixed(*names: str) -> Directory:
    return Directory(lambda: names)


def _link_to(target: str | None) -> Link:
    if target is None:
        raise FileNotFoundError
    return Link(target)
