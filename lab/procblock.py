"""The labelled lines of a bonding status file, sorted into the bond's block and one for each slave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lab.errors import LabError

# Labels such as "NS IPv6 target/s (xx::xx form)" hold colons: the last has a blank or nothing behind it.
_LABELLED = re.compile(r"(?P<label>\S.*?):(?:[ \t]+(?P<value>.*))?")
_NO_AGGREGATOR = re.compile(r"bond (?P<bond>\S+) has no active aggregator")

# Lines that stand over others: the labels under them are read as "heading / label".
_AD_INFO = "802.3ad info"
AGGREGATOR = "Active Aggregator Info"
ACTOR_PDU, PARTNER_PDU = "details actor lacp pdu", "details partner lacp pdu"


class ParseError(LabError):
    """The text is not that of a bonding status file; `line` is the number of the offending line, from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"bonding status, line {line}: {why}")
        self.line = line


class Block:
    """The labelled lines of the bond, or of one slave; taken out one by one, what remains is `extra`."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, tuple[int, str]] = {}

    def add(self, line: int, label: str, value: str) -> None:
        if label in self.fields:
            raise ParseError(line, f"{label!r} a second time")
        self.fields[label] = (line, value)

    def take(self, label: str) -> str | None:
        return self.fields.pop(label, (0, None))[1]

    def need(self, label: str) -> str:
        value = self.take(label)
        if not value:
            raise ParseError(self.line, f"nothing says {label!r}")
        return value

    def number(self, label: str, unit: str = "") -> int | None:
        """The number, or None where the line is missing or says that it is not known."""
        line, value = self.fields.pop(label, (0, None))
        if value is None or value in ("Unknown", "N/A"):
            return None
        digits = value.removesuffix(unit).strip()
        if not digits.isdigit():
            raise ParseError(line, f"{label!r} is no number: {value!r}")
        return int(digits)

    def need_number(self, label: str) -> int:
        """The number, which must be there."""
        value = self.number(label)
        if value is None:
            raise ParseError(self.line, f"nothing says {label!r}")
        return value

    def extra(self) -> Mapping[str, str]:
        return MappingProxyType({label: value for label, (_, value) in self.fields.items()})


def blocks(text: str) -> Iterator[Block]:
    """The lines sorted into the bond's block and one for each slave."""
    block = Block(1)
    heading = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line == _AD_INFO:
            continue
        if none := _NO_AGGREGATOR.fullmatch(line):
            block.add(number, AGGREGATOR, f"none in {none['bond']}")
            continue
        match = _LABELLED.fullmatch(line)
        if not match:
            raise ParseError(number, f"cannot be read: {line!r}")
        label, value = match["label"], (match["value"] or "").strip()
        if label == "Slave Interface":
            yield block
            block = Block(number)
            heading = ""
        elif label in (AGGREGATOR, ACTOR_PDU, PARTNER_PDU):
            heading = f"{label} / "
            continue
        block.add(number, heading + label, value)
    yield block
