"""The part of YAML that netplan's files are written in.

Block mappings and lists, flow lists, plain and quoted scalars, comments. Everything else is a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bondimpl.config.faults import Faults, Item

_KEY = re.compile(r"""("[^"\\]*"|'[^']*'|[^\s'"\[\]{},#&*!|>%@`:-][^\s'"\[\]{},#]*?)\s*:(?:\s+(.*))?""")
_PLAIN = re.compile(r"""[^\s'"\[\]{},#&*!|>%@`?:-][^'"\[\]{},#]*|-?[0-9][0-9A-Za-z.:/-]*""")
_DEPTH = 16


@dataclass(slots=True)
class Node:
    """A mapping, a list or a scalar. `item` is where it stands; of a scalar it has the text."""

    item: Item
    mapping: dict[str, Node] | None = None
    items: list[Node] | None = None


@dataclass(slots=True)
class _Line:
    number: int
    indent: int
    text: str


@dataclass(slots=True)
class _Reader:
    file: str
    faults: Faults
    lines: list[_Line] = field(default_factory=list)
    at: int = 0

    def item(self, line: _Line, key: str = "", value: str = "") -> Item:
        return Item(self.file, line.number, key or line.text.split()[0], value)

    def block(self, indent: int, owner: Item, depth: int) -> Node:
        """The lines from here on that are indented as the first is."""
        if depth > _DEPTH:
            self.faults.add(owner, "too deep")
            self.at = len(self.lines)
            return Node(owner)
        if self.lines[self.at].text.startswith("- ") or self.lines[self.at].text == "-":
            return self._list(indent, owner)
        found: dict[str, Node] = {}
        while self.at < len(self.lines) and self.lines[self.at].indent >= indent:
            line = self.lines[self.at]
            match = _KEY.fullmatch(line.text)
            self.at += 1
            if line.indent > indent or not match:
                self.faults.add(self.item(line), "not understood; write `key: value`, indented as its like")
                continue
            item = self.item(line, match[1].strip("'\""))
            if item.key in found:
                self.faults.add(item, "given twice")
            found[item.key] = self._value(item, (match[2] or "").strip(), indent, depth)
        return Node(owner, mapping=found)

    def _value(self, item: Item, text: str, indent: int, depth: int) -> Node:
        if text:
            return self.scalar_or_flow(item, text)
        if self.at < len(self.lines):
            following = self.lines[self.at]
            is_list = following.text.startswith("-") and following.indent == indent
            if following.indent > indent or is_list:
                return self.block(following.indent, item, depth + 1)
        return Node(item)

    def _list(self, indent: int, owner: Item) -> Node:
        found = []
        while self.at < len(self.lines) and self.lines[self.at].indent == indent:
            line = self.lines[self.at]
            if not line.text.startswith("- "):
                break
            self.at += 1
            found.append(self.scalar_or_flow(self.item(line, owner.key), line.text[2:].strip()))
        else:
            if self.at < len(self.lines) and self.lines[self.at].indent > indent:
                self.faults.add(self.item(self.lines[self.at]), "only plain values in a list")
                self.at += 1
        return Node(owner, items=found)

    def scalar_or_flow(self, item: Item, text: str) -> Node:
        if text == "{}":
            return Node(item, mapping={})
        if text.startswith("[") and text.endswith("]"):
            inner = text[1:-1].strip()
            words = [word.strip() for word in inner.split(",")] if inner else []
            return Node(item, items=[self._scalar(item, word) for word in words])
        return self._scalar(item, text)

    def _scalar(self, item: Item, text: str) -> Node:
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
            if "\\" not in text or text[0] == "'":
                return Node(Item(item.file, item.line, item.key, text[1:-1]))
        elif _PLAIN.fullmatch(text) and ": " not in text:
            return Node(Item(item.file, item.line, item.key, text))
        self.faults.add(item, f"{text!r}: not a value that is understood here; quotes may help")
        return Node(item)


def parse(file: str, text: str, faults: Faults) -> Node:
    """The mapping that the file holds."""
    reader = _Reader(file, faults)
    for number, raw in enumerate(text.split("\n"), start=1):
        line = _without_comment(raw.rstrip("\r")).rstrip()
        if not line or line in ("---", "..."):
            continue
        if "\t" in line[: len(line) - len(line.lstrip())]:
            faults.add(Item(file, number, "line"), "a tab; YAML is indented by spaces")
            continue
        if line.strip():
            reader.lines.append(_Line(number, len(line) - len(line.lstrip(" ")), line.strip()))
    whole = Item(file, 1, "network")
    if not reader.lines:
        return Node(whole, mapping={})
    node = reader.block(reader.lines[0].indent, whole, 0)
    if reader.at < len(reader.lines):
        faults.add(reader.item(reader.lines[reader.at]), "not indented as what is above it")
    return node


def _without_comment(line: str) -> str:
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at]
    return line
