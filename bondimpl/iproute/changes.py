"""`ip link add|set|delete` where bonds are concerned.

The parts of one request are done in the kernel's order: what follows `type`, addresses and the like, the
master, `up` or `down`. What the kernel is to do is asked of the real `ip`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from bondimpl.errors import BondError
from bondimpl.iproute.bond_words import bond_options, slave_options
from bondimpl.iproute.errors import answers, no_device, wrong
from bondimpl.iproute.link_words import LinkRequest
from bondimpl.iproute.real import RealIp
from bondimpl.runtime.control import ControlClient


class Changes:
    """`bonds` are those of bondd, by name."""

    def __init__(self, real: RealIp, control: ControlClient, bonds: Mapping[str, Any]) -> None:
        self._real = real
        self._control = control
        self._bonds = bonds
        self._owner = {slave["name"]: name for name, bond in bonds.items() for slave in bond["slaves"]}

    def concerns_bonds(self, command: str, asked: LinkRequest) -> bool:
        """Whether anything of it is for bondd."""
        if command == "add":
            return asked.kind == "bond"
        if command == "delete":
            return asked.name in self._bonds and asked.kind in ("", "bond")
        if asked.kind == "bond" or asked.name in self._bonds:
            return asked.name in self._bonds
        moves = asked.master is not None and asked.name in self._owner
        return (
            moves or asked.master in self._bonds or (asked.name in self._owner and asked.kind == "bond_slave")
        )

    def do(self, command: str, asked: LinkRequest) -> int:
        """The exit status. Raises Refused, BondError."""
        return {"add": self._add, "set": self._set, "delete": self._delete}[command](asked)

    def _add(self, asked: LinkRequest) -> int:
        options = bond_options(asked.kind_words, self._real.exists)
        name = asked.name or next(f"bond{n}" for n in count() if not self._real.exists(f"bond{n}"))
        if self._real.exists(name):
            raise answers(f"there is an interface {name} already")
        others = _without(asked.others, "link")
        for word in ("index", "netns", "numtxqueues", "numrxqueues"):
            if word in others[::2]:
                raise answers(f"{name}: {word} cannot be chosen for a bond that bondd carries")
        self._control.call("add", bond=name, options=options, strict=True)
        whole = False
        try:
            status = self._kernel(name, *others, asked.state)
            if status == 0 and asked.master is not None:
                status = self._set_master(name, asked.master)
            whole = status == 0
        finally:
            if not whole:
                self._control.call("delete", bond=name)
        return status

    def _delete(self, asked: LinkRequest) -> int:
        self._control.call("delete", bond=asked.name)
        return 0

    def _set(self, asked: LinkRequest) -> int:
        others = asked.others
        exists = self._real.exists
        options: dict[str, str] = {}
        if asked.kind == "bond":
            options = bond_options(asked.kind_words, exists)
        elif asked.kind == "bond_slave":
            options = slave_options(asked.kind_words, exists)
        elif asked.kind:
            others = (*others, "type", asked.kind, *asked.kind_words)
        if asked.master and not exists(asked.master):
            raise wrong(asked.master, "Device does not exist\n")
        if not exists(asked.name):
            raise no_device(asked.name)
        if asked.name in self._bonds:
            for word in ("name", "netns"):
                if word in others[::2]:
                    raise answers(f"{asked.name}: a bond that bondd carries keeps its {word}")
        if asked.kind == "bond_slave":
            self._set_slave(asked.name, options)
        elif options:
            self._control.call("set", bond=asked.name, options=options)
        status = self._kernel(asked.name, *others)
        if status == 0 and asked.master is not None:
            status = self._set_master(asked.name, asked.master)
        return status or self._kernel(asked.name, asked.state)

    def _set_slave(self, slave: str, options: Mapping[str, str]) -> None:
        if slave not in self._owner:
            raise BondError(f"{slave} is not a slave", "EOPNOTSUPP")
        if options:
            self._control.call("set", bond=self._owner[slave], slave=slave, options=dict(options))

    def _set_master(self, name: str, master: str) -> int:
        owner = self._owner.get(name)
        if owner and owner == master:
            return 0
        if owner:
            self._control.call("release", bond=owner, slaves=[name])
        if master not in self._bonds:
            words = ("master", master) if master else ("nomaster",)
            return 0 if owner and not master else self._kernel(name, *words)
        if "master" in (self._real.link(name) or {}):
            self._kernel(name, "nomaster")
        self._control.call("enslave", bond=master, slaves=[name])
        return 0

    def _kernel(self, name: str, *words: str) -> int:
        """Nothing to do is done well."""
        given = [word for word in words if word]
        return self._real.run("link", "set", "dev", name, *given) if given else 0


def _without(words: Sequence[str], unwanted: str) -> tuple[str, ...]:
    """(word, value, word, value ...) but for that word."""
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(each for pair in pairs if pair[0] != unwanted for each in pair)
