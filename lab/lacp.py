"""LACP as seen from outside: the state that a port tells in its LACPDUs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from enum import IntFlag
from types import TracebackType
from typing import Self

from lab import frames, packet_io
from lab.hosts.base import Host

NO_SYSTEM = "00:00:00:00:00:00"
"""The partner's system where there is no partner."""

_ACTOR_STATE_AT = 14 + 4 + 14
"""Bytes: Ethernet header; subtype, version, type and length; system, key and port with their priorities."""
_SNAP = 128


class LacpState(IntFlag):
    """The state of a port as a LACPDU carries it (IEEE 802.3ad 43.4.2.2)."""

    ACTIVITY = 1
    TIMEOUT = 2
    AGGREGATION = 4
    SYNCHRONIZATION = 8
    COLLECTING = 16
    DISTRIBUTING = 32
    DEFAULTED = 64
    EXPIRED = 128


CARRYING = LacpState.COLLECTING | LacpState.DISTRIBUTING


class LacpEar:
    """Hears what the far ends of the cables in some NICs tell of themselves, from its beginning on."""

    def __init__(self, host: Host, nics: Sequence[str]) -> None:
        self._where = [f"{host.name}:{nic}" for nic in nics]
        self._states: dict[str, LacpState] = {}
        with contextlib.ExitStack() as opened:
            self._sockets = {nic: opened.enter_context(host.packet_socket(nic)) for nic in nics}
            for sock in self._sockets.values():
                packet_io.prepare(sock, incoming_only=True)
            self._closing = opened.pop_all()

    def __repr__(self) -> str:
        return f"<LacpEar at {', '.join(self._where)}>"

    def told(self) -> Mapping[str, LacpState]:
        """By NIC, the state in the latest LACPDU that came in; nothing for a silent one. Raises OSError."""
        for nic, sock in self._sockets.items():
            while packet := packet_io.receive(sock, _SNAP, 0):
                if frames.is_lacpdu(packet.data) and packet.length > _ACTOR_STATE_AT:
                    self._states[nic] = LacpState(packet.data[_ACTOR_STATE_AT])
        return self._states

    def all_carry(self) -> bool:
        """Whether every far end has told that it lets frames pass, both ways."""
        told = self.told()
        return all(CARRYING in told.get(nic, LacpState(0)) for nic in self._sockets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
