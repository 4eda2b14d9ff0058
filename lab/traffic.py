"""Traffic whose fate can be told: streams of numbered UDP frames, and exact bursts."""

from __future__ import annotations

import errno
import itertools
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lab import frames, packet_io
from lab.errors import LabError
from lab.hosts.base import Host
from lab.judging import Arrival, Outage, StreamReport, judge
from lab.waiting import Deadline, eventually, sleep_until

__all__ = [
    "Arrival",
    "Flow",
    "Outage",
    "ProbeStream",
    "Receiver",
    "Stream",
    "StreamReport",
    "judge",
    "send_frames",
]

DRAIN_S = 2.0  # how long stop() waits for stragglers at most
BEHIND_S = 3.0  # a stream so far behind its pace can only flood, and never measure
QUIET_S = 0.1  # no frame for so long after all have arrived: no duplicate will come either
LOST_S = 0.5  # no frame for so long while some are missing: those are lost, not held up
# A link that is down, or a full queue, is what a stream is there to measure.
_LINK_ERRORS = frozenset({errno.ENETDOWN, errno.ENOBUFS, errno.EAGAIN})
_flow_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Flow:
    """What every frame of a stream has in common. MACs and IPv4 addresses as text; size in bytes, no tag."""

    dst_mac: str
    src_ip: str
    dst_ip: str
    src_mac: str | None = None  # the interface's own by default
    rate_pps: float = 500.0
    size: int = 100
    ports: tuple[int, int] = (frames.PROBE_PORT, frames.PROBE_PORT)
    vlan: int | None = None

    def __post_init__(self) -> None:
        if self.size < frames.MIN_PROBE or self.rate_pps <= 0:
            raise LabError(f"a probe has at least {frames.MIN_PROBE} bytes and a rate above 0: {self}")


class ProbeStream:
    """Sends the frames of `flow` from `interface` of `host`, evenly paced, until stopped."""

    def __init__(self, host: Host, interface: str, flow: Flow, flow_id: int | None = None) -> None:
        self.flow = flow
        self.flow_id = next(_flow_ids) if flow_id is None else flow_id
        self.sent = 0
        self.refused = 0
        self.lag_s = 0.0
        self.start_s = 0.0
        self._src = flow.src_mac or host.mac(interface)
        # Protocol 0: this socket only sends, so that nothing piles up in its receive buffer.
        self._sock = host.packet_socket(interface, 0)
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"stream-{self.flow_id}", daemon=True)

    @property
    def pace_s(self) -> float:
        """Seconds between two frames."""
        return 1.0 / self.flow.rate_pps

    def frame(self, sequence: int) -> bytes:
        """The frame with that number."""
        flow = self.flow
        payload = frames.probe_payload(self.flow_id, sequence, flow.size - 14 - 20 - 8)
        return frames.udp(
            flow.dst_mac,
            self._src,
            flow.src_ip,
            flow.dst_ip,
            payload,
            ports=flow.ports,
            vlan_id=flow.vlan,
        )

    def start(self) -> None:
        """Begin to send."""
        self.start_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop sending. Raises LabError when sending had failed for a reason other than a dead link, or this
        machine is too slow for its pace.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._sock.close()
        if self._failure:
            raise LabError(f"stream {self.flow_id}: cannot send: {self._failure}") from self._failure

    def _run(self) -> None:
        while not self._stop.is_set():
            frame = self.frame(self.sent)
            self.lag_s = max(self.lag_s, sleep_until(self.start_s + self.sent * self.pace_s))
            if self.lag_s > BEHIND_S:
                self._failure = TimeoutError(
                    f"{self.lag_s:.1f} s behind its {self.flow.rate_pps:g} frames a second: "
                    "this machine is too slow for it"
                )
                return
            try:
                self._sock.send(frame)
            except OSError as error:
                if error.errno not in _LINK_ERRORS:
                    self._failure = error
                    return
                self.refused += 1
            self.sent += 1


class Receiver:
    """Counts what arrives of a stream at an interface, with the kernel's time of arrival."""

    def __init__(self, host: Host, interface: str, stream: ProbeStream) -> None:
        self._stream = stream
        self._where = f"{host.name}:{interface}"
        self._sock = host.packet_socket(interface)
        packet_io.prepare(self._sock, incoming_only=True)
        self._arrivals: list[Arrival] = []
        self._drops = 0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name=f"receiver-{stream.flow_id}", daemon=True)
        self._thread.start()

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """What has arrived so far, duplicates and all."""
        return tuple(self._arrivals)

    @property
    def count(self) -> int:
        """How many frames that is."""
        return len(self._arrivals)

    def stop(self) -> None:
        """Stop listening. Raises LabError when this end, not the network, dropped frames."""
        if self._sock.fileno() < 0:
            return
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._drops += packet_io.dropped(self._sock)
        self._sock.close()
        os.close(self._wake)
        if self._drops:
            raise LabError(f"{self._where}: the receiver itself dropped {self._drops} frames; send less")

    def _run(self) -> None:
        with select.epoll() as poller:
            poller.register(self._sock, select.EPOLLIN)
            poller.register(self._wake, select.EPOLLIN)
            stopping = False
            while not stopping:
                stopping = any(fd == self._wake for fd, _ in poller.poll())
                offset_ns = packet_io.clock_offset_ns()
                while packet := packet_io.receive(self._sock, 128, offset_ns):
                    found = None if packet.outgoing else frames.probe(packet.data)
                    if found and (found.flow, found.vlan) == (self._stream.flow_id, self._stream.flow.vlan):
                        self._arrivals.append(Arrival(packet.at_s, found.sequence))


class Stream:
    """A ProbeStream and its Receiver: `with Stream(...) as s: fault; report = s.report()`."""

    def __init__(
        self, source: tuple[Host, str], target: tuple[Host, str], flow: Flow, flow_id: int | None = None
    ) -> None:
        self.probe = ProbeStream(*source, flow, flow_id)
        self.receiver = Receiver(*target, self.probe)
        self._report: StreamReport | None = None

    def __enter__(self) -> Self:
        self.probe.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def run(self, seconds: float) -> None:
        """Go on for that long."""
        self.wait_sent(self.probe.sent + max(1, round(seconds / self.probe.pace_s)), within=seconds + 5)

    def wait_sent(self, count: int, within: float = 10.0) -> None:
        """Wait until `count` frames have been sent since the start."""
        eventually(lambda: self.probe.sent, within, until=lambda n: n >= count, what=f"{count} frames sent")

    def wait_flowing(self, within: float = 5.0, frames_in_a_row: int = 10) -> None:
        """Wait until frames sent from now on arrive, `frames_in_a_row` without a loss."""
        begin = self.probe.sent

        def arrived() -> bool:
            new = {a.sequence for a in self.receiver.arrivals if a.sequence >= begin}
            return any(new.issuperset(range(n, n + frames_in_a_row)) for n in new)

        eventually(arrived, within, what=f"stream {self.probe.flow_id} arrives")

    def from_now_on(self) -> Callable[[], tuple[Arrival, ...]]:
        """A function that tells which of the frames sent after this call have arrived by then.

        What was sent before may still be on its way: to see that nothing passes, count the later ones only.
        """
        first = self.probe.sent + 1  # that one may be under way, and not counted yet

        def arrived() -> tuple[Arrival, ...]:
            return tuple(seen for seen in self.receiver.arrivals if seen.sequence >= first)

        return arrived

    def stop(self) -> StreamReport:
        """Stop sending, wait (bounded) until the wire is empty, and judge."""
        if self._report is None:
            try:
                self.probe.stop()
                self._drain()
            finally:
                self.receiver.stop()
            self._report = judge(
                self.receiver.arrivals,
                self.probe.sent,
                pace_s=self.probe.pace_s,
                start_s=self.probe.start_s,
                send_lag_ms=self.probe.lag_s * 1e3,
                refused=self.probe.refused,
            )
        return self._report

    report = stop

    def _drain(self) -> None:
        """Wait until all have arrived and it is quiet, or it has been quiet for longer; at most DRAIN_S."""
        end = Deadline(DRAIN_S)
        wanted = self.probe.sent - self.probe.refused
        known, quiet = -1, Deadline(QUIET_S)

        def drained() -> bool:
            nonlocal known, quiet
            if self.receiver.count != known:
                arrivals = self.receiver.arrivals
                known = len(arrivals)
                missing = len({arrival.sequence for arrival in arrivals}) < wanted
                quiet = Deadline(LOST_S if missing else QUIET_S)
            return quiet.expired or end.expired

        eventually(drained, DRAIN_S + 1, what="the stream ends")


def send_frames(host: Host, interface: str, burst: Iterable[bytes] | Sequence[bytes]) -> int:
    """Send exactly these frames, in order, as fast as they go; how many. Raises OSError."""
    sock: socket.socket = host.packet_socket(interface, 0)
    with sock:
        sock.setblocking(True)
        count = 0
        for frame in burst:
            sock.send(frame)
            count += 1
    return count
