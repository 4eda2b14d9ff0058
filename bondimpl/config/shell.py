"""Files of shell assignments (ifcfg-*) and the words of shell command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from bondimpl.config.faults import Faults, Item

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def words(item: Item, text: str, faults: Faults) -> list[str] | None:
    """The words of a line, without quotes and comment. What only a shell could know is a fault."""
    if _expands(text):
        faults.add(item, "$ and ` need a shell; write the value itself")
        return None
    try:
        return shlex.split(text, comments=True)
    except ValueError as error:
        faults.add(item, f"not a line of the shell: {error}")
        return None


def _expands(text: str) -> bool:
    """Whether there is a $ or ` that is neither in single quotes nor in a comment."""
    quote, before = "", " "
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and before.isspace():
            return False
        if letter in "$`" and quote != "'":
            return True
        before = letter
    return False


def assignments(file: str, text: str, faults: Faults) -> dict[str, Item]:
    """KEY=value lines by key."""
    found: dict[str, Item] = {}
    for number, line in lines(text):
        if not line or line.startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(line)
        if not match:
            faults.add(Item(file, number, line.split(maxsplit=1)[0]), "not a line KEY=value")
            continue
        item = Item(file, number, match[1])
        value = words(item, match[2], faults)
        if value is None:
            continue
        if len(value) > 1 or match[2][:1].isspace():
            faults.add(item, "a value of several words needs quotes")
        elif item.key in found:
            faults.add(item, f"given twice, first on line {found[item.key].line}")
        else:
            found[item.key] = Item(file, number, match[1], "".join(value))
    return found


def lines(text: str, *, comments_go_on: bool = False) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of each line; those that end in a backslash are joined.

    A comment ends with its line, whatever it ends in, but for modprobe.
    """
    joined, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        start = start or number
        line = line.rstrip("\r")
        comment = not joined and line.lstrip().startswith("#")
        if line.endswith("\\") and (comments_go_on or not comment):
            joined += line[:-1]
            continue
        yield start, (joined + line).strip()
        joined, start = "", 0
    if joined:
        yield start, joined.strip()


def quoted(value: str) -> str:
    """A value as these files write it."""
    return f"'{value}'" if "'" not in value else shlex.quote(value)
