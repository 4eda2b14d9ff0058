"""LACPDUs on the cables of the host under test: what each end tells of itself and of the other."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from lab import frames
from lab.cases import Seen
from lab.lacp import CARRYING, LacpState
from testcases.wire import Wire

GROUP_ADDRESS = "01:80:c2:00:00:02"
_END = struct.Struct("!H6sHHHB")
_ACTOR_AT = 14 + 4
_PARTNER_AT = _ACTOR_AT + 20


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link as a LACPDU has it (IEEE 802.3ad 43.4.2.2). `system`: aa:bb:cc:dd:ee:ff."""

    system_priority: int
    system: str
    key: int
    port_priority: int
    port: int
    state: LacpState

    @classmethod
    def read(cls, frame: bytes, at: int) -> Self:
        """The end whose fields begin at byte `at`."""
        priority, system, key, port_priority, port, state = _END.unpack_from(frame, at)
        return cls(priority, system.hex(":"), key, port_priority, port, LacpState(state))


@dataclass(frozen=True, slots=True)
class Lacpdu:
    """A LACPDU seen at `at_s` (monotonic seconds): its sender is the actor."""

    at_s: float
    source: str
    actor: End
    partner: End

    @classmethod
    def read(cls, seen: Seen) -> Self:
        """What the frame says, which is a LACPDU."""
        ends = (End.read(seen.data, at) for at in (_ACTOR_AT, _PARTNER_AT))
        return cls(seen.at_s, frames.src_mac(seen.data), *ends)

    @property
    def carries(self) -> bool:
        """Whether the sender lets frames pass, both ways."""
        return CARRYING in self.actor.state


def told(wire: Wire, nic: str) -> tuple[Lacpdu, ...]:
    """LACPDUs that the host sent on this NIC since the mark."""
    return tuple(Lacpdu.read(seen) for seen in wire.left_by(nic, frames.is_lacpdu))


def heard(wire: Wire, nic: str) -> tuple[Lacpdu, ...]:
    """LACPDUs that were delivered to the host on this NIC since the mark."""
    return tuple(Lacpdu.read(seen) for seen in wire.reached(nic, frames.is_lacpdu))


def carrying(wire: Wire, nics: Iterable[str]) -> Callable[[], bool]:
    """A probe: whether the last LACPDU of each end of each of these links says that frames pass."""

    def all_carry() -> bool:
        latest = [pdus[-1:] for nic in nics for pdus in (told(wire, nic), heard(wire, nic))]
        return all(pdus and pdus[0].carries for pdus in latest)

    return all_carry
