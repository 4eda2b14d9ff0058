"""What has passed a slave: how much, and when last."""

from __future__ import annotations

from dataclasses import dataclass

from bondimpl.machine import Traffic


@dataclass(slots=True)
class Counters:
    """Of one slave. Packets are super-frames; bytes are theirs, without the virtio header.

    `rx_ignored`: the plan does not accept them; `*_dropped`: they could not be moved.
    """

    rx_packets: int = 0
    rx_bytes: int = 0
    rx_ignored: int = 0
    rx_dropped: int = 0
    tx_packets: int = 0
    tx_bytes: int = 0
    tx_dropped: int = 0


@dataclass(slots=True)
class Passed:
    """When a slave last received and sent, in seconds of the monotonic clock; read once for many frames."""

    rx: float | None = None
    tx: float | None = None

    def traffic(self) -> Traffic:
        """The same in ms."""
        return Traffic(*(None if at is None else at * 1000.0 for at in (self.rx, self.tx)))
