"""Everything that passed every cable: an observer on both patch-panel ends of each.

The taps sit in the patch panel, not on the hosts: what comes in at the tap of end A was sent by A (seen
before any impairment of the cable), what goes out at the tap of end B was really delivered to B.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lab import packet_io
from lab.errors import LabBroken, LabError
from lab.marker import Marker
from lab.netns import in_namespace
from lab.topology import Port

ETH_P_ALL = 3
SNAP = 2048  # bytes kept of a frame
BUDGET = 16 << 20  # bytes kept for one cable end
_OVERHEAD = 200  # bytes that Python needs around a frame
_PCAP_NANOSECONDS = 0xA1B23C4D
_LINKTYPE_ETHERNET = 1


class Tapped(Protocol):
    """The part of a cable that the capture needs."""

    @property
    def name(self) -> str: ...
    @property
    def a(self) -> Port: ...
    @property
    def b(self) -> Port: ...
    @property
    def patch_pid(self) -> int:
        """A process in the namespace of the patch panel."""

    def tap(self, end: Port) -> str:
        """Name of the interface which the cable's `end` has in the patch panel."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame at one end of a cable, at `at_s` (monotonic seconds).

    `sent`: by the node at `end`; else delivered to it. `data` holds the first 2048 bytes at most,
    `length` is their number on the wire (up to 64 KiB with offloads).
    """

    at_s: float
    cable: str
    end: Port
    sent: bool
    data: bytes
    length: int


class _Tap:
    """One cable end: its socket and a ring of what was read from it."""

    def __init__(self, cable: str, end: Port, sock: socket.socket, budget: int) -> None:
        self.cable, self.end, self.sock, self.budget = cable, end, sock, budget
        self.ring: deque[Seen] = deque()
        self.held = 0
        self.drops = 0
        self.gap_until_s = 0.0  # before this, frames may be missing here

    def read(self, offset_ns: int, until_s: float) -> None:
        """Take over what has arrived; stop at a frame that came after `until_s`."""
        while packet := packet_io.receive(self.sock, SNAP, offset_ns):
            self.ring.append(
                Seen(packet.at_s, self.cable, self.end, not packet.outgoing, packet.data, packet.length)
            )
            self.held += len(packet.data) + _OVERHEAD
            while self.held > self.budget:
                gone = self.ring.popleft()
                self.held -= len(gone.data) + _OVERHEAD
                self.gap_until_s = max(self.gap_until_s, gone.at_s)
            if packet.at_s > until_s:
                break

    def count_drops(self) -> None:
        if self.sock.fileno() < 0:  # closed: counted then
            return
        if drops := packet_io.dropped(self.sock):
            self.drops += drops
            self.gap_until_s = time.monotonic()


class Capture:
    """Frames of all cables, read by one thread from its start to `close`."""

    def __init__(self, taps: Iterable[_Tap], markers: Iterable[Marker]) -> None:
        self._taps = {tap.end: tap for tap in taps}
        self._markers = tuple(markers)
        self._by_fd = {tap.sock.fileno(): tap for tap in self._taps.values()}
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._changed = threading.Condition()
        self._wanted = self._done = 0
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name="capture", daemon=True)
        self._thread.start()

    @classmethod
    def start(cls, cables: Iterable[Tapped], *, budget: int = BUDGET) -> Self:
        """Tap both ends of each cable, keeping at most `budget` bytes an end. Raises OSError."""
        with contextlib.ExitStack() as opened:
            taps = []
            patches: set[int] = set()
            for cable in cables:
                patches.add(cable.patch_pid)
                for end in (cable.a, cable.b):
                    sock = _open_tap(cable.patch_pid, cable.tap(end))
                    opened.callback(sock.close)
                    taps.append(_Tap(cable.name, end, sock, budget))
            markers = [opened.enter_context(Marker(pid)) for pid in sorted(patches)]
            capture = cls(taps, markers)
            opened.pop_all()
        return capture

    def mark(self) -> float:
        """The present moment, for `frames(since_s=...)`."""
        return time.monotonic()

    def frames(
        self,
        end: Port,
        sent: bool | None = None,
        since_s: float = 0.0,
        match: Callable[[bytes], bool] | None = None,
    ) -> list[Seen]:
        """Frames read so far at `end`, in order: sent by its node, delivered to it, or both (None).

        Raises LabBroken when frames of that time were dropped or have left the bounded memory, so that an
        empty answer always means that there was nothing.
        """
        if end not in self._taps:
            raise LabError(f"no cable in {end}; captured are {', '.join(map(str, sorted(self._taps)))}")
        self._flush()
        tap = self._taps[end]
        tap.count_drops()
        with self._changed:
            if tap.gap_until_s and since_s < tap.gap_until_s:
                raise LabBroken(
                    f"the capture at {end} is incomplete: {tap.drops} frames dropped by the kernel, "
                    f"the last {len(tap.ring)} kept; ask with since_s=capture.mark() or send less"
                )
            return [
                seen
                for seen in tap.ring
                if seen.at_s >= since_s and sent in (None, seen.sent) and (match is None or match(seen.data))
            ]

    def settle(self) -> None:
        """Return once everything on the wire before this call has been read: hops done, sockets emptied.

        What a rate limit or a userspace program holds back is not on the wire.
        """
        if not self._closing:
            for marker in self._markers:
                marker.chase()
        self._flush()

    @property
    def drops(self) -> int:
        """Frames lost to full buffers so far, all cables together."""
        for tap in self._taps.values():
            tap.count_drops()
        return sum(tap.drops for tap in self._taps.values())

    def write_pcaps(self, directory: Path) -> tuple[Path, ...]:
        """One pcap with nanosecond stamps for each cable end, both directions, named NODE.PORT.pcap."""
        self._flush()
        directory.mkdir(parents=True, exist_ok=True)
        offset_ns = packet_io.clock_offset_ns()
        written = []
        for end, tap in sorted(self._taps.items()):
            with self._changed:
                frames = sorted(tap.ring, key=lambda seen: seen.at_s)
            path = directory / f"{end.node}.{end.name}.pcap"
            with path.open("wb") as file:
                file.write(struct.pack("=IHHiIII", _PCAP_NANOSECONDS, 2, 4, 0, 0, 65535, _LINKTYPE_ETHERNET))
                for seen in frames:
                    seconds, rest = divmod(round(seen.at_s * 1e9) + offset_ns, 1_000_000_000)
                    file.write(struct.pack("=IIII", seconds, rest, len(seen.data), seen.length) + seen.data)
            written.append(path)
        return tuple(written)

    def close(self) -> None:
        """End the thread and close the taps; what was read stays. May be called twice."""
        if self._closing:
            return
        self._closing = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        for tap in self._taps.values():
            tap.count_drops()
            tap.sock.close()
        for marker in self._markers:
            marker.close()
        os.close(self._wake)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _flush(self) -> None:
        """Have the thread read every socket empty."""
        if self._closing:
            return
        with self._changed:
            self._wanted += 1
            mine = self._wanted
            os.eventfd_write(self._wake, 1)
            self._changed.wait_for(lambda: self._done >= mine or self._failure is not None, timeout=10)
            if self._done < mine:
                cause = self._failure
                raise LabBroken(f"the capture thread failed: {cause or 'it hangs'}") from cause

    def _guarded(self) -> None:
        try:
            self._read_all()
        except BaseException as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _read_all(self) -> None:
        with select.epoll() as poller:
            poller.register(self._wake, select.EPOLLIN)
            for fd in self._by_fd:
                poller.register(fd, select.EPOLLIN)
            while not self._closing:
                ready = [fd for fd, _ in poller.poll()]
                offset_ns = packet_io.clock_offset_ns()
                with self._changed:
                    flush = self._wake in ready
                    if flush:
                        os.eventfd_read(self._wake)
                    wanted, now = self._wanted, time.monotonic()
                    for fd, tap in self._by_fd.items():
                        if flush or fd in ready:
                            tap.read(offset_ns, now)
                    if flush:
                        self._done = wanted
                        self._changed.notify_all()


def _open_tap(patch_pid: int, interface: str) -> socket.socket:
    """A socket that sees both directions of a patch-panel interface."""

    def opened() -> socket.socket:
        # Bound before it is told a protocol: a socket made with one would hear every interface until bound.
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            packet_io.prepare(sock)
            sock.bind((interface, ETH_P_ALL))
        except BaseException:
            sock.close()
            raise
        return sock

    return in_namespace(patch_pid, opened)
