"""What must be heard where, and what is wrong with what was heard. No I/O."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence

from lab.marker import EXPERIMENTAL
from lab.topology import Cable, Port

# Reserved by IEEE 802.1Q: no bridge forwards it. From a group address: no bridge learns it.
NOBODY, GROUP_ADDRESS = bytes.fromhex("0180c200000e"), bytes.fromhex("03626f6e646c")
MAGIC = b"bondlab preflight"
_HEAD = NOBODY + GROUP_ADDRESS + struct.pack("!H", EXPERIMENTAL) + MAGIC
_NUMBER = struct.Struct("!H")


def probe(number: int) -> bytes:
    """The frame that the port of that number sends."""
    return (_HEAD + _NUMBER.pack(number)).ljust(60, b"\0")


def number_of(frame: bytes) -> int | None:
    """The number of the port that sent the frame; None when it is no probe."""
    if not frame.startswith(_HEAD) or len(frame) < len(_HEAD) + _NUMBER.size:
        return None
    number: int = _NUMBER.unpack_from(frame, len(_HEAD))[0]
    return number


def faults(cables: Collection[Cable], heard: Mapping[Port, Sequence[bytes]]) -> Iterator[str]:
    """What is wrong with the cables when these frames came in at their ends, each end having sent its probe.

    The number of a port is that of `numbered`. Each fault names the port, and the cable by the plan.
    """
    ports = numbered(cables)
    ends = [(cable, end) for cable in cables for end in (cable.a, cable.b)]
    for cable, end in ends:
        sender = cable.other_end(end.node)
        came = [number_of(frame) for frame in heard.get(end, ())]
        probes = [ports[number] for number in came if number is not None and number < len(ports)]
        others = sorted({str(port) for port in probes if port != sender})
        if sender not in probes:
            instead = f", but {', '.join(others)}" if others else ""
            yield f"{end} does not hear {sender}{instead} (cable {cable.name})"
        elif others:
            yield f"{end} hears {', '.join(others)}, too (cable {cable.name})"
        if probes.count(sender) > 1:
            yield f"{end} hears {sender} {probes.count(sender)} times (cable {cable.name})"
        strange = [frame for frame in heard.get(end, ()) if number_of(frame) is None]
        if strange:
            text = strange[0][:14].hex(" ")
            yield f"{end} is not silent: {len(strange)} frames, the first {text} (cable {cable.name})"


def numbered(cables: Collection[Cable]) -> tuple[Port, ...]:
    """The ends of these cables; a port's place in here is its number."""
    return tuple(end for cable in cables for end in (cable.a, cable.b))
