"""Which received frames of the targets prove that a slave works (option `arp_validate`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from bondimpl.frames import arp, ndisc
from bondimpl.monitors.targets import Address
from bondimpl.options import row

_NO_ADDRESS = frozenset({IPv4Address(0)})
_ENABLED, _DISABLED, _FILTER = 1, 2, 4
"""Bits of the option's number."""


@dataclass(frozen=True, slots=True)
class Validation:
    """A value of `arp_validate`."""

    word: str

    def checks(self, *, enabled: bool) -> bool:
        """Whether a slave has to prove itself by frames of the targets."""
        return bool(self._number & (_ENABLED if enabled else _DISABLED))

    @property
    def arp_only(self) -> bool:
        """Whether a slave that need not do so is heard only through ARP and IPv6 (of anybody)."""
        return bool(self._number & _FILTER)

    @property
    def _number(self) -> int:
        return row("arp_validate").kind.number(self.word) or 0


@dataclass(frozen=True, slots=True)
class Word:
    """What was received: from whom to whom ARP or neighbour discovery goes, and whether as an answer.

    `dst` (6 bytes) is the address that the frame was sent to.
    """

    dst: bytes
    sender: Address
    receiver: Address
    is_answer: bool


def read(frame: bytes) -> Word | None:
    """The ARP packet or neighbour discovery in a frame; None for everything else."""
    packet = arp.decode(frame)
    if packet is not None:
        return Word(packet.dst, packet.sender, packet.target, packet.operation == arp.REPLY)
    found = ndisc.decode(frame)
    # Of neighbour discovery today's driver lets a question pass for an answer.
    return None if found is None else Word(found.dst, found.sender, found.receiver, True)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known where a frame comes in.

    `enabled`: the slave is the active one or being tried. `leader_proved`: the active slave is another, and
    has proved itself since it took over. `asked`: a slave is being tried, and has just sent its probe.
    """

    targets: Collection[Address]
    own: Collection[Address]
    enabled: bool
    leader_proved: bool
    asked: bool


def proved_by(word: Word, situation: Situation) -> Address | None:
    """The target for which the frame proves that its slave works, None when it proves nothing.

    On an enabled slave it has to come from a target to us; question or answer is all the same. A disabled one
    hears our own question to all instead, which went round through the network.
    """
    if situation.enabled:
        target, us = word.sender, word.receiver
    elif situation.leader_proved:
        target, us = word.receiver, word.sender
    elif situation.asked and word.is_answer:
        # A switch that has not learnt yet may deliver the answer at another port than the one that asked.
        target, us = word.sender, word.receiver
    else:
        return None
    return _meant(target, situation.targets) if _is_ours(us, situation.own) else None


def _is_ours(address: Address, own: Collection[Address]) -> bool:
    if isinstance(address, IPv6Address):
        return address == ndisc.ALL_NODES or address in own
    return address in ([each for each in own if isinstance(each, IPv4Address)] or _NO_ADDRESS)


def _meant(address: Address, targets: Collection[Address]) -> Address | None:
    """The target that has the address, or listens for its solicitation there."""
    if address in targets or not address.is_multicast:
        return address if address in targets else None
    six = (target for target in targets if isinstance(target, IPv6Address))
    return next((target for target in six if ndisc.solicited_node(target) == address), None)
