"""Kinds of option values: how each is read, written and described."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

from bondimpl.errors import BondError
from bondimpl.frames import ethernet

INT_MAX = 2**31 - 1


class Mode(StrEnum):
    """The seven modes, in the order of their numbers 0 to 6."""

    BALANCE_RR = "balance-rr"
    ACTIVE_BACKUP = "active-backup"
    BALANCE_XOR = "balance-xor"
    BROADCAST = "broadcast"
    IEEE8023AD = "802.3ad"
    BALANCE_TLB = "balance-tlb"
    BALANCE_ALB = "balance-alb"

    @property
    def number(self) -> int:
        """The historical numeric spelling."""
        return list(Mode).index(self)


class Kind(Protocol):
    """How the values of an option are spelled."""

    def parse(self, text: str) -> Any:
        """The value; ValueError when the text is not acceptable."""

    def text(self, value: Any) -> str:
        """The canonical spelling."""

    def number(self, value: Any) -> int | None:
        """The numeric spelling, None when there is none."""

    def allowed(self) -> str:
        """What may be written, for help and errors."""


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Words:
    """Words with historical numbers 0, 1, ... in order."""

    words: tuple[str, ...]

    def parse(self, text: str) -> str:
        if text in self.words:
            return text
        number = _decimal(text)
        if number >= len(self.words):
            raise ValueError(text)
        return self.words[number]

    def text(self, value: str) -> str:
        return str(value)

    def number(self, value: str) -> int:
        return self.words.index(value)

    def allowed(self) -> str:
        return "allowed: " + ", ".join(f"{word} ({i})" for i, word in enumerate(self.words))


@dataclass(frozen=True, slots=True)
class ModeWord:
    """The mode: a word or its number."""

    def parse(self, text: str) -> Mode:
        return Mode(Words(tuple(Mode)).parse(text))

    def text(self, value: Mode) -> str:
        return value.value

    def number(self, value: Mode) -> int:
        return value.number

    def allowed(self) -> str:
        return Words(tuple(Mode)).allowed()


@dataclass(frozen=True, slots=True)
class OnOff:
    """off (0) or on (1)."""

    def parse(self, text: str) -> bool:
        return Words(("off", "on")).parse(text) == "on"

    def text(self, value: bool) -> str:
        return "on" if value else "off"

    def number(self, value: bool) -> int:
        return int(value)

    def allowed(self) -> str:
        return "allowed: off (0), on (1)"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole decimal number."""

    low: int = 0
    high: int = INT_MAX
    unit: str = ""

    def parse(self, text: str) -> int:
        sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
        number = sign * _decimal(digits)
        if not self.low <= number <= self.high:
            raise ValueError(text)
        return number

    def text(self, value: int) -> str:
        return str(value)

    def number(self, value: int) -> int:
        return value

    def allowed(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"allowed: a whole number from {self.low} to {self.high}{unit}"


@dataclass(frozen=True, slots=True)
class InterfaceName:
    """Name of an interface, which need not exist; nothing (or `none`) clears it."""

    def parse(self, text: str) -> str | None:
        if text in ("", "none"):
            return None
        if len(text) > 15 or "/" in text or any(c.isspace() for c in text) or text in (".", ".."):
            raise ValueError(text)
        return text

    def text(self, value: str | None) -> str:
        return value or ""

    def number(self, value: str | None) -> None:
        return None

    def allowed(self) -> str:
        return "allowed: the name of an interface, at most 15 characters, or nothing"


MAX_TARGETS = 16


@dataclass(frozen=True, slots=True)
class Targets:
    """Up to 16 addresses, separated by commas."""

    version: int

    def parse(self, text: str) -> tuple[IPv4Address | IPv6Address, ...]:
        kind = IPv4Address if self.version == 4 else IPv6Address
        targets = tuple(kind(word.strip()) for word in text.split(",")) if text.strip() else ()
        if len(targets) > MAX_TARGETS or len(set(targets)) != len(targets):
            raise ValueError(text)
        if any(t.is_unspecified or t == IPv4Address("255.255.255.255") for t in targets):
            raise ValueError(text)
        if self.version == 6 and any(t.is_loopback or t.is_multicast for t in targets):
            raise ValueError(text)
        return targets

    def amend(self, present: tuple[IPv4Address | IPv6Address, ...], text: str) -> Any:
        """`present` with `+ADDRESS` at its end, or without the one of `-ADDRESS`; ValueError."""
        given = self.parse(text[1:])
        if len(given) != 1 or (text[0] == "-" and given[0] not in present):
            raise ValueError(text)
        if text[0] == "-":
            return tuple(target for target in present if target != given[0])
        return self.parse(self.text((*present, *given)))

    def text(self, value: tuple[IPv4Address | IPv6Address, ...]) -> str:
        return ",".join(str(target) for target in value)

    def number(self, value: object) -> None:
        return None

    def allowed(self) -> str:
        form = "dotted-quad" if self.version == 4 else "unicast IPv6"
        return (
            f"allowed: up to {MAX_TARGETS} different {form} addresses, separated by commas; "
            "on a live bond also +ADDRESS for one more, -ADDRESS for one that is there"
        )


@dataclass(frozen=True, slots=True)
class SystemMac:
    """A unicast hardware address; all zeroes means the bond's own."""

    def parse(self, text: str) -> bytes:
        try:
            mac = ethernet.parse_mac(text)
        except BondError as error:
            raise ValueError(text) from error
        if mac[0] & 1:
            raise ValueError(text)
        return mac

    def text(self, value: bytes) -> str:
        return ethernet.format_mac(value)

    def number(self, value: bytes) -> None:
        return None

    def allowed(self) -> str:
        return "allowed: a unicast hardware address such as 00:11:22:33:44:55"
