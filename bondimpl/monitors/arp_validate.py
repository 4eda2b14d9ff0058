"""Which received ARP frames prove that a slave works (options `arp_validate` and `arp_ip_target`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address

from bondimpl.frames.arp import REPLY, Arp
from bondimpl.options import row

_NO_ADDRESS = frozenset({IPv4Address(0)})
_ENABLED, _DISABLED, _FILTER = 1, 2, 4
"""Bits of the option's number."""


@dataclass(frozen=True, slots=True)
class Validation:
    """A value of `arp_validate`."""

    word: str

    def checks(self, *, enabled: bool) -> bool:
        """Whether a slave has to prove itself by ARP frames of the targets."""
        return bool(self._number & (_ENABLED if enabled else _DISABLED))

    @property
    def arp_only(self) -> bool:
        """Whether a slave that need not do so is heard only through ARP frames (of anybody)."""
        return bool(self._number & _FILTER)

    @property
    def _number(self) -> int:
        return row("arp_validate").kind.number(self.word) or 0


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known where an ARP frame comes in.

    `enabled`: the slave is the active one or being tried. `leader_proved`: the active slave is another, and
    has proved itself since it took over. `asked`: a slave is being tried, and has just sent its probe.
    """

    targets: Collection[IPv4Address]
    own: Collection[IPv4Address]
    enabled: bool
    leader_proved: bool
    asked: bool


def proved_by(arp: Arp, situation: Situation) -> IPv4Address | None:
    """The target for which the frame proves that its slave works, None when it proves nothing.

    On an enabled slave it has to come from a target to us; request or reply is all the same. A disabled one
    hears our own broadcast question instead, which went round through the network.
    """
    if situation.enabled:
        target, us = arp.sender, arp.target
    elif situation.leader_proved:
        target, us = arp.target, arp.sender
    elif situation.asked and arp.operation == REPLY:
        # A switch that has not learnt yet may deliver the answer at another port than the one that asked.
        target, us = arp.sender, arp.target
    else:
        return None
    ours = us in (situation.own or _NO_ADDRESS)
    return target if ours and target in situation.targets else None
