"""What `ovs-appctl bond/show` of Open vSwitch 3 prints, read into data. It has no other format for this."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MEMBER = re.compile(r"^member (?P<name>\S+): (?P<word>enabled|disabled)$", re.M)
_WAITING = {"updelay": "going back", "downdelay": "going down"}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the bond. `status` is what the bonding driver would call it."""

    name: str
    status: str
    active: bool


def members(text: str) -> tuple[Member, ...]:
    """The members in the text of `bond/show PORT`."""
    heads = list(_MEMBER.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return tuple(
        _member(head["name"], head["word"], text[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    )


def _member(name: str, word: str, about: str) -> Member:
    waiting = next((told for delay, told in _WAITING.items() if f"{delay} expires in" in about), "")
    status = waiting or ("up" if word == "enabled" else "down")
    return Member(name, status, "active member" in about)
