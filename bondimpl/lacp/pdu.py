"""LACPDU and marker PDU codecs (IEEE 802.3ad 43.4.2 and 43.5.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntFlag

from bondimpl.frames.ethernet import ZERO_MAC

ETHERTYPE_SLOW = 0x8809
SLOW_PROTOCOLS = bytes.fromhex("0180c2000002")
"""The group address that bridges do not forward."""

SUBTYPE_LACP = 1
SUBTYPE_MARKER = 2
LACPDU_PAYLOAD = 110
"""Bytes after the Ethernet header, padding included; a shorter one is not looked at."""

_HEADER = struct.Struct("!6s6sHBB")
_INFO = struct.Struct("!BBH6sHHHB3x")
_COLLECTOR = struct.Struct("!BBH12x")
_TLV_ACTOR, _TLV_PARTNER, _TLV_COLLECTOR, _TLV_MARKER, _TLV_MARKER_RESPONSE = 1, 2, 3, 1, 2
_INFO_LENGTH, _COLLECTOR_LENGTH = 0x14, 0x10
_ACTOR_AT = 16
_PARTNER_AT = _ACTOR_AT + _INFO.size
_COLLECTOR_AT = _PARTNER_AT + _INFO.size


class PortState(IntFlag):
    """The state octet of a port (43.4.2.2)."""

    ACTIVITY = 1
    TIMEOUT = 2  # short
    AGGREGATION = 4
    SYNCHRONIZATION = 8
    COLLECTING = 16
    DISTRIBUTING = 32
    DEFAULTED = 64
    EXPIRED = 128


_NO_BITS = PortState(0)


@dataclass(frozen=True, slots=True)
class Info:
    """What one end says of a port. `system` is 6 bytes; the numbers are 16 bits wide."""

    system_priority: int = 0xFFFF
    system: bytes = ZERO_MAC
    key: int = 1
    port_priority: int = 0xFF
    port: int = 1
    state: PortState = _NO_BITS

    def has(self, bits: PortState) -> bool:
        """Whether any of these state bits is set; asked at each tick, so by plain integers."""
        return int.__and__(self.state, bits) != 0

    def is_same_port(self, other: Info) -> bool:
        """Equal but for the state, of which the Aggregation bit counts (recordPDU, 43.4.9)."""
        return (
            self.system_priority == other.system_priority
            and self.system == other.system
            and self.key == other.key
            and self.port_priority == other.port_priority
            and self.port == other.port
            and self.has(PortState.AGGREGATION) == other.has(PortState.AGGREGATION)
        )


@dataclass(frozen=True, slots=True)
class Lacpdu:
    """A LACPDU without its addresses. `max_delay` in tens of microseconds."""

    actor: Info = field(default_factory=Info)
    partner: Info = field(default_factory=Info)
    max_delay: int = 0


def encode_lacpdu(pdu: Lacpdu, source: bytes) -> bytes:
    """The frame of 124 bytes, sent from the port with address `source`."""
    frame = (
        _HEADER.pack(SLOW_PROTOCOLS, source, ETHERTYPE_SLOW, SUBTYPE_LACP, 1)
        + _encode_info(_TLV_ACTOR, pdu.actor)
        + _encode_info(_TLV_PARTNER, pdu.partner)
        + _COLLECTOR.pack(_TLV_COLLECTOR, _COLLECTOR_LENGTH, pdu.max_delay)
    )
    return frame.ljust(14 + LACPDU_PAYLOAD, b"\0")


def decode_lacpdu(frame: bytes) -> Lacpdu | None:
    """The LACPDU in an untagged frame; None for anything that a port must not take for one.

    As in the driver, the version and the types and lengths of the TLVs are not looked at.
    """
    if slow_subtype(frame) != SUBTYPE_LACP or len(frame) < 14 + LACPDU_PAYLOAD:
        return None
    return Lacpdu(
        actor=_decode_info(frame, _ACTOR_AT),
        partner=_decode_info(frame, _PARTNER_AT),
        max_delay=_COLLECTOR.unpack_from(frame, _COLLECTOR_AT)[2],
    )


def slow_subtype(frame: bytes) -> int | None:
    """Subtype of a slow-protocols frame to the group address, else None."""
    if len(frame) < 15 or frame[:6] != SLOW_PROTOCOLS or frame[12:14] != b"\x88\x09":
        return None
    return frame[14]


def untagged(frame: bytes) -> bytes:
    """The frame without its 802.1Q tag, if it has one."""
    return frame[:12] + frame[16:] if frame[12:14] == b"\x81\x00" else frame


def is_marker(frame: bytes) -> bool:
    """Whether it is a marker PDU, information or response; one that is too short is none for the driver."""
    return slow_subtype(frame) == SUBTYPE_MARKER and len(frame) >= 14 + LACPDU_PAYLOAD


def marker_response(frame: bytes, source: bytes) -> bytes | None:
    """The answer to a marker information PDU, sent from `source`; None when the frame is none (43.5.3)."""
    if not is_marker(frame) or frame[16] != _TLV_MARKER:
        return None
    answer = bytearray(frame)
    answer[6:12] = source
    answer[16] = _TLV_MARKER_RESPONSE
    return bytes(answer)


def _encode_info(kind: int, info: Info) -> bytes:
    return _INFO.pack(
        kind,
        _INFO_LENGTH,
        info.system_priority,
        info.system,
        info.key,
        info.port_priority,
        info.port,
        info.state,
    )


def _decode_info(frame: bytes, offset: int) -> Info:
    _, _, priority, system, key, port_priority, port, state = _INFO.unpack_from(frame, offset)
    return Info(priority, system, key, port_priority, port, PortState(state))
