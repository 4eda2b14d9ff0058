"""Frames of the VLAN devices of one bond: tagged on their way out, sorted to their devices on their way in.

A frame of a VLAN without such a device reaches the bond device with its tag, as ever.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bondimpl.forwarding import ForwardingPlan
from bondimpl.frames.ethernet import ETHERTYPE_VLAN
from bondimpl.runtime import tags
from bondimpl.runtime.counters import Counters
from bondimpl.runtime.loop import Handler, Loop
from bondimpl.runtime.tags import TAG
from bondimpl.runtime.tap import VNET_HEADER
from bondimpl.runtime.wire import TO_OTHER, TO_US, Tagged

BUDGET = 64
"""Frames taken from one descriptor before the others have their turn."""


@dataclass(slots=True)
class _Device:
    """`tap`: its descriptor; `mac`: its address (6 bytes)."""

    tap: int
    mac: bytes


class Path(Protocol):
    """What the data path does with frames wherever they are from."""

    def from_host(self, count: int) -> None:
        """The first `count` bytes of the buffer are header and frame: send them by the plan."""

    def admits(self, slave: str, frame: memoryview, counters: Counters) -> bool:
        """A frame was received on a slave: whether the host is to get it, as it is then."""


class VlanPath:
    """The devices by id. The descriptor of each is open as long as it is known here."""

    def __init__(self, loop: Loop, path: Path, sent: memoryview) -> None:
        """`sent`: the buffer of `path.from_host`."""
        self._loop = loop
        self._path = path
        self._sent = sent
        self._devices: dict[int, _Device] = {}
        self.plan = ForwardingPlan()

    def __bool__(self) -> bool:
        return bool(self._devices)

    def add(self, vlan: int, tap: int, mac: bytes, when_lost: Callable[[], None]) -> None:
        """`when_lost` is called once when somebody has deleted the device."""
        self._devices[vlan] = _Device(tap, mac)
        self._loop.add(tap, self._host_handler(vlan, tap, when_lost))

    def remove(self, vlan: int) -> None:
        """Harmless when it is not there."""
        device = self._devices.pop(vlan, None)
        if device is not None:
            self._loop.remove(device.tap)

    def set_mac(self, vlan: int, mac: bytes) -> None:
        """The device has this address (6 bytes) now."""
        self._devices[vlan].mac = mac

    def _host_handler(self, vlan: int, tap: int, when_lost: Callable[[], None]) -> Handler:
        sent, late = self._sent, [self._sent[TAG:]]

        def handler(_events: int) -> None:
            try:
                for _ in range(BUDGET):
                    count = os.readv(tap, late)
                    tags.put(sent, vlan)
                    self._path.from_host(count + TAG)
            except BlockingIOError:
                pass
            except OSError as error:
                # Else the kernel was short of memory, or could not put a frame in a header.
                if error.errno == errno.EBADFD:
                    self.remove(vlan)
                    when_lost()

        return handler

    def received(self, slave: str, buffer: memoryview, told: Tagged, counters: Counters, bond: int) -> None:
        """A frame of a slave lies late in `buffer`, `told` is what `late_receiver` says of it.

        It goes to the device of its VLAN, or to the bond's (the descriptor `bond`). Raises OSError when the
        latter fails.
        """
        count, kind, information, whom = told
        device = self._devices.get(information & tags.ID) if kind == ETHERTYPE_VLAN else None
        whole = buffer[TAG : TAG + count]
        if device is None and kind:
            tags.put(buffer, information, kind)
            whole = buffer[: count + TAG]
        frame = whole[VNET_HEADER:]
        if not self._path.admits(slave, frame, counters):
            return
        if device is None:
            os.write(bond, whole)
        elif whom == TO_OTHER and not self._hears(frame):
            counters.rx_ignored += 1
            return
        else:
            if whom == TO_US:
                # As in the kernel, where a frame for the slave is for the device, whatever address that has.
                frame[:6] = device.mac
            try:
                os.write(device.tap, whole)
            except OSError:
                counters.rx_dropped += 1  # it is down, or gone: its own descriptor will tell
                return
        counters.rx_packets += 1
        counters.rx_bytes += len(frame)

    def _hears(self, frame: memoryview) -> bool:
        """Whether a frame for another address than the slave's is for a device here, or for everybody."""
        addresses = self.plan.vlan_addresses
        return addresses is None or bytes(frame[:6]) in addresses
