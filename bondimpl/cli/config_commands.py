"""bondctl apply, unapply, check, export, slave-file, detect, explain."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from bondimpl.cli.option_help import explain
from bondimpl.config import dialects, files
from bondimpl.config.apply import apply, chosen, remove
from bondimpl.config.detect import detect
from bondimpl.config.model import BondConfig
from bondimpl.config.running import running
from bondimpl.config.slave_file import slave_file
from bondimpl.errors import BondError
from bondimpl.runtime.control import ControlClient
from bondimpl.runtime.host_machine import HostMachine

Arguments = argparse.Namespace


def _read(arguments: Arguments) -> BondConfig:
    config = dialects.read(files.load(Path(arguments.path)), arguments.dialect)
    if not config.bonds:
        raise BondError(f"{arguments.path}: no bond is configured there", "ENODEV")
    return config


def _apply(control: ControlClient, arguments: Arguments) -> None:
    config = _read(arguments)
    bonds = chosen(config, arguments.only)
    with closing(HostMachine(arguments.modprobe)) as machine:
        apply(config, bonds, control, machine)
    for bond in bonds:
        print(bond.name)


def _unapply(control: ControlClient, arguments: Arguments) -> None:
    for name in remove(_read(arguments), control, arguments.only):
        print(name)


def _check(_control: ControlClient, arguments: Arguments) -> None:
    for bond in _read(arguments).bonds:
        slaves = " ".join(str(slave) for slave in bond.slaves)
        print(f"{bond.name}: start {bond.start}, slaves: {slaves or 'none'}")


def _export(control: ControlClient, arguments: Arguments) -> None:
    dialects.find(arguments.target)  # before bondd is asked
    texts = dialects.write(_read(arguments) if arguments.path else running(control), arguments.target)
    if arguments.to:
        files.save(texts, Path(arguments.to))
        return
    for name, text in texts.items():
        print(f"# {name}\n{text}")


def _slave_file(_control: ControlClient, arguments: Arguments) -> None:
    path = Path(arguments.path)
    texts = {path.name: slave_file(str(path), files.read(path))}
    if arguments.in_place:
        files.save(texts, path.parent)
    else:
        print(texts[path.name], end="")


def _detect(_control: ControlClient, arguments: Arguments) -> None:
    found = asdict(detect(Path(arguments.root), arguments.query))
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print(f"package: {found['package']}")
    print(f"bonding: {'supported' if found['bonding'] else 'not supported'}")
    print(f"dialect: {found['dialect']}")


def _explain(_control: ControlClient, arguments: Arguments) -> None:
    print(explain(arguments.option))


COMMANDS: Mapping[str, Callable[[ControlClient, Arguments], None]] = {
    "apply": _apply,
    "unapply": _unapply,
    "check": _check,
    "export": _export,
    "slave-file": _slave_file,
    "detect": _detect,
    "explain": _explain,
}
