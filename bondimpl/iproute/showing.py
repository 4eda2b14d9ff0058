"""`ip link show` and `ip address show` where there are bonds: the real output with the bonds put in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bondimpl.iproute.command_line import Line
from bondimpl.iproute.real import RealIp
from bondimpl.iproute.rendering import (
    blocks,
    brief_name,
    brief_with_bonds,
    json_text,
    text_with_bonds,
    with_bonds,
)
from bondimpl.iproute.sections import Section, sections

Wanted = Callable[[str], bool]


def show(line: Line, real: RealIp, bonds: Mapping[str, Any]) -> int:
    """Print it; the exit status."""
    known = sections(bonds.values())
    words, wanted = _selection(line.words, known)
    status, text = real.read(line.thing, "show", *words)
    sys.stdout.write(_rendered(line, text, known, wanted))
    return status


def _rendered(line: Line, text: str, known: Mapping[str, Section], wanted: Wanted) -> str:
    if line.json:
        try:
            links = json.loads(text)
        except ValueError:  # nothing at all, as after an error
            return text
        chosen = [link for link in links if wanted(link.get("ifname", ""))]
        return json_text([with_bonds(link, known) for link in chosen], pretty=line.pretty)
    if line.brief:
        lines = text.splitlines(keepends=True)
        return brief_with_bonds("".join(each for each in lines if wanted(brief_name(each))), known)
    chosen_text = "".join(block for name, block in blocks(text) if wanted(name))
    return text_with_bonds(chosen_text, known, details=line.details, oneline=line.oneline)


def _selection(words: Sequence[str], known: Mapping[str, Section]) -> tuple[list[str], Wanted]:
    """The words for the real `ip`, and what it cannot select: by bonds that it knows nothing of."""
    rest, left, tests = list(words), [], list[Wanted]()
    while rest:
        word = rest.pop(0)
        value = rest[0] if rest else ""
        if word == "type" and value in ("bond", "bond_slave"):
            flag = "MASTER" if value == "bond" else "SLAVE"
            tests.append(lambda name, flag=flag: name in known and known[name].flag == flag)  # type: ignore[misc]
        elif word == "master" and value in known and known[value].flag == "MASTER":
            tests.append(lambda name, bond=value: name in known and known[name].master == bond)  # type: ignore[misc]
        else:
            left.append(word)
            continue
        rest.pop(0)
    return left, lambda name: all(test(name) for test in tests)
