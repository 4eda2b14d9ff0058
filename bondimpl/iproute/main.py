"""`ip` for bonds that bondd carries: bondd does what concerns them, the real `ip` everything else."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bondimpl.errors import BondError
from bondimpl.iproute.changes import Changes
from bondimpl.iproute.command_line import Line, parse
from bondimpl.iproute.errors import Refused
from bondimpl.iproute.link_words import link_request
from bondimpl.iproute.namespaces import is_of, socket_of
from bondimpl.iproute.real import RealIp, become, find
from bondimpl.iproute.showing import show
from bondimpl.runtime.control import SOCKET_VARIABLE, ControlClient


def main(argv: Sequence[str], shim: str) -> int:
    """Do what `ip ARGV` says; its exit status. `shim` is the file that was run as `ip`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # an alias may be any bytes
    try:
        program = find(shim)
        line = parse(argv)
        if line.batch:
            return _batch(program, line)
        status = attempt(program, line)
    except Refused as error:
        return _complain(error)
    if status is None:
        become(program, argv, _environment(line))
    return status


def attempt(program: str, line: Line) -> int | None:
    """The exit status; None when this is a matter for the real `ip` alone. Raises Refused."""
    shows = line.command == "show" and line.thing in ("link", "address")
    changes = line.command in ("add", "set", "delete") and line.thing == "link"
    if not (shows or changes) or "help" in line.words:
        return None
    with ControlClient(socket_of(line.netns)) as control:
        if not is_of(control, line.netns):
            return None
        try:
            return _with_bondd(program, line, control, shows=shows)
        except BondError as error:
            raise Refused(f"Error: {error}.", 2) from error


def _with_bondd(program: str, line: Line, control: ControlClient, *, shows: bool) -> int | None:
    bonds = dict(_bonds(control))
    if shows:
        return show(line, RealIp(program, line.options), bonds) if bonds else None
    try:
        asked = link_request(line.words)
    except Refused:
        return None  # the real one knows best what is wrong
    desk = Changes(RealIp(program, _place(line)), control, bonds)
    return desk.do(line.command, asked) if desk.concerns_bonds(line.command, asked) else None


def _bonds(control: ControlClient) -> Iterator[tuple[str, Any]]:
    """Those of bondd by name; one that goes in the meantime is not there."""
    for name in control.call("list"):
        try:
            yield name, control.call("show", bond=name)
        except BondError as error:
            if error.errno != "ENODEV":
                raise


def _environment(line: Line) -> dict[str, str]:
    """What `ip netns exec NAME` runs finds the bondd of that namespace, or is it."""
    if line.thing not in ("netns", "net") or line.words[:1] != ("exec",) or len(line.words) < 2:
        return {}
    return {SOCKET_VARIABLE: socket_of(line.words[1])}


def _place(line: Line) -> tuple[str, ...]:
    """The options without those that are about output."""
    return ("-netns", line.netns) if line.netns else ()


def _batch(program: str, line: Line) -> int:
    """Line by line; the first that fails ends it, unless `-force` was given."""
    failed = 0
    kept = _without_batch(line.options)
    try:
        with open(0 if line.batch == "-" else line.batch, encoding="utf-8", errors="surrogateescape") as file:
            commands = file.read().replace("\\\n", " ").splitlines()
    except OSError as error:
        raise Refused(f'Cannot open file "{line.batch}" for reading: {error.strerror}', 1) from error
    for number, text in enumerate(commands, 1):
        try:
            words = shlex.split(text, comments=True)
        except ValueError as error:  # the real one ends here, too, whatever -force says
            raise Refused(f"Unterminated quoted string: {line.batch}:{number}", 1) from error
        if not words:
            continue
        one = parse([*kept, *words])
        try:
            status = attempt(program, one)
        except Refused as error:
            status = _complain(error)
        if status is None:
            status = RealIp(program, kept).run(*words)
        if status:
            print(f"Command failed {line.batch}:{number}", file=sys.stderr)
            failed = 1
            if not line.force:
                break
    return failed


def _without_batch(options: Sequence[str]) -> list[str]:
    kept, rest = [], list(options)
    while rest:
        option = rest.pop(0)
        if replace(parse([option, "x"]), options=()).batch:
            rest.pop(0)
        else:
            kept.append(option)
    return kept


def _complain(error: Refused) -> int:
    sys.stdout.flush()
    print(error, file=sys.stderr)
    return error.status
