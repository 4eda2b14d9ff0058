"""Frames that the data path shows to the control plane before it moves them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from bondimpl.forwarding import Punt
from bondimpl.frames.ethernet import ETHERTYPE_VLAN

_TAGGED = ETHERTYPE_VLAN.to_bytes(2, "big")


class ControlPlane(Protocol):
    """Where punted frames go: the Bond."""

    def frame_from_slave(self, slave: str, frame: bytes) -> bool:
        """A frame that the plan punts was received on a slave; whether it goes no further."""

    def frame_from_host(self, frame: bytes) -> bool:
        """A frame that the plan punts was sent by the host; whether it goes no further."""

    def bucket_missed(self, bucket: int) -> str | None:
        """A frame is of a bucket to which the plan has assigned no slave; which one it is to leave by."""


class Punting:
    """Which frames go to the control plane, and the way there. Until there is one, it takes none."""

    def __init__(self) -> None:
        self._control: ControlPlane | None = None
        self.of_slaves: frozenset[bytes] = frozenset()
        """EtherTypes (2 bytes each) of received frames."""
        self.of_host: frozenset[bytes] = frozenset()
        """EtherTypes of frames that the host sends."""

    def connect(self, control: ControlPlane) -> None:
        """Punted frames go there."""
        self._control = control

    def publish(self, punts: Iterable[Punt]) -> None:
        """These from now on."""
        kinds = [(punt.ethertype.to_bytes(2, "big"), punt.from_host) for punt in punts]
        self.of_slaves = frozenset(kind for kind, _ in kinds)
        self.of_host = frozenset(kind for kind, from_host in kinds if from_host)

    def takes_from_slave(self, slave: str, frame: memoryview) -> bool:
        """Whether a received frame goes no further."""
        if self._control is None or _kind(frame) not in self.of_slaves:
            return False
        return self._control.frame_from_slave(slave, bytes(frame))

    def takes_from_host(self, frame: memoryview) -> bool:
        """Whether a frame of the host goes no further."""
        if self._control is None or _kind(frame) not in self.of_host:
            return False
        return self._control.frame_from_host(bytes(frame))

    def bucket_missed(self, bucket: int) -> str | None:
        """The slave by which frames of a bucket that the plan leaves open are to leave."""
        return self._control.bucket_missed(bucket) if self._control is not None else None


def _kind(frame: memoryview) -> bytes:
    """EtherType, that behind the tag of a frame in a VLAN."""
    kind = bytes(frame[12:14])
    return bytes(frame[16:18]) if kind == _TAGGED else kind
