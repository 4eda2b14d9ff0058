"""Moves frames between the bond device and its slaves as the forwarding plan says.

Behaves as `forwarding.Forwarder`, which it asks wherever a plan needs a look at each frame. What it moves
are super-frames behind a virtio header: up to 64 KiB of TCP in one system call each way.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Mapping

from bondimpl.errors import MachineError
from bondimpl.forwarding import Accept, Forwarder, ForwardingPlan, Load, Single
from bondimpl.machine import Traffic
from bondimpl.runtime.counters import Counters, Passed
from bondimpl.runtime.loop import Handler, Loop
from bondimpl.runtime.punting import ControlPlane, Punting
from bondimpl.runtime.queue_path import QueuePath
from bondimpl.runtime.tap import VNET_HEADER
from bondimpl.runtime.vlan_path import BUDGET, VlanPath
from bondimpl.runtime.wire import ROOM, Wire, late_receiver, tagged_receiver

_NO_HEADER = bytes(VNET_HEADER)
_GLANCE = VNET_HEADER + 18
"""Bytes read of a frame that is to be thrown away."""

Receive = Callable[[bytearray], int]


class Datapath:
    """The data path of one bond."""

    def __init__(self, tap_fd: int, loop: Loop, when_lost: Callable[[], None]) -> None:
        """`when_lost` is called once when the bond device was deleted under us."""
        self._tap = tap_fd
        self._loop = loop
        self._when_lost = when_lost
        self._punting = Punting()
        self._forwarder = Forwarder(missed=self._punting.bucket_missed)
        self._wires: dict[str, Wire] = {}
        self._counters: dict[str, Counters] = {}
        self._passed: dict[str, Passed] = {}
        self._out = bytearray(ROOM)
        self._out_view = memoryview(self._out)
        self._in = bytearray(ROOM)
        self._in_view = memoryview(self._in)
        self._vlans = VlanPath(loop, self, self._out_view)
        self._queues = QueuePath(loop, self, self._out_view)
        loop.add(tap_fd, self._host_by_plan)

    @property
    def counters(self) -> Mapping[str, Counters]:
        """By slave."""
        return self._counters

    def connect(self, control: ControlPlane) -> None:
        """Punted frames go there."""
        self._punting.connect(control)

    def close(self) -> None:
        """Stop; the TAPs stay open."""
        for slave in list(self._wires):
            self.remove(slave)
        self._queues.close()
        if self._tap >= 0:
            self._loop.remove(self._tap)

    def add(self, slave: str, wire: Wire) -> None:
        """A slave joins; it is closed by `remove`."""
        self._wires[slave] = wire
        self._counters[slave] = Counters()
        self._passed[slave] = Passed()
        self._loop.add(wire.plain.fileno(), self._ignore(slave, wire.plain.recv_into))
        self._loop.add(wire.tagged.fileno(), self._ignore(slave, wire.tagged.recv_into))

    def remove(self, slave: str) -> None:
        """A slave leaves. Harmless when it is not there."""
        wire = self._wires.pop(slave, None)
        if wire is not None:
            self._loop.remove(wire.plain.fileno())
            self._loop.remove(wire.tagged.fileno())
            wire.close()
            del self._counters[slave], self._passed[slave]

    def add_queues(self, taps: Iterable[int]) -> None:
        """The descriptors of further transmit queues of the TAP, from number 1 on."""
        for number, tap in enumerate(taps, 1):
            self._queues.add(number, tap)

    def add_vlan(self, vlan: int, tap: int, mac: bytes, when_lost: Callable[[], None]) -> None:
        """Frames of that VLAN are for this TAP with that address (6 bytes), until `remove_vlan`.

        `when_lost` is called once when somebody has deleted the device.
        """
        self._vlans.add(vlan, tap, mac, when_lost)
        self.publish(self._forwarder.plan)

    def remove_vlan(self, vlan: int) -> None:
        """The TAP of that VLAN is about to be closed. Harmless when it is not there."""
        self._vlans.remove(vlan)
        self.publish(self._forwarder.plan)

    def set_vlan_mac(self, vlan: int, mac: bytes) -> None:
        """The TAP of that VLAN has this address (6 bytes) now."""
        self._vlans.set_mac(vlan, mac)

    def publish(self, plan: ForwardingPlan) -> None:
        """Execute this plan from the next frame on."""
        self._forwarder.plan = self._vlans.plan = self._queues.plan = plan
        self._punting.publish(plan.punt)
        if self._tap >= 0:
            self._loop.replace(self._tap, self._host_handler(plan))
        for slave, wire in self._wires.items():
            self._loop.replace(wire.plain.fileno(), self._wire_handler(slave, wire.plain.recv_into))
            self._loop.replace(wire.tagged.fileno(), self._tagged_handler(slave, wire))

    def take_load(self) -> Load:
        """The bytes counted since the last call."""
        return self._forwarder.take_load()

    def traffic(self, slave: str) -> Traffic:
        """When frames last passed the slave, in ms of the monotonic clock."""
        return self._passed.get(slave, Passed()).traffic()

    def transmit(self, slave: str, frame: bytes) -> None:
        """Send a frame of the driver's own. Raises MachineError."""
        wire = self.wire(slave)
        try:
            wire.plain.send(_NO_HEADER + frame)
        except OSError as error:
            number = errno.errorcode.get(error.errno or 0, "EIO")
            raise MachineError(f"{slave}: cannot send: {error.strerror}", number) from error
        self._passed[slave].tx = time.monotonic()

    def wire(self, slave: str) -> Wire:
        """The slave's sockets, for what they are to hear. Raises MachineError (ENODEV)."""
        wire = self._wires.get(slave)
        if wire is None:
            raise MachineError(f"{slave}: not taken over", "ENODEV")
        return wire

    # ---- from the host

    def _host_handler(self, plan: ForwardingPlan) -> Handler:
        match plan.transmit:
            case Single(slave) if not self._punting.of_host and slave in self._wires:
                return self._host_to_one(slave)
        return self._host_by_plan

    def _host_to_one(self, slave: str) -> Handler:
        counters, passed = self._counters[slave], self._passed[slave]
        send, view, vector, tap = self._wires[slave].plain.send, self._out_view, [self._out], self._tap
        read = os.readv

        def handler(_events: int) -> None:
            packets = moved = 0
            try:
                for _ in range(BUDGET):
                    count = read(tap, vector)
                    try:
                        moved += send(view[:count])
                        packets += 1
                    except OSError:
                        counters.tx_dropped += 1
            except BlockingIOError:
                pass
            except OSError as error:
                self._not_read(error)
            if packets:
                passed.tx = time.monotonic()
            counters.tx_packets += packets
            counters.tx_bytes += moved - packets * VNET_HEADER

        return handler

    def _host_by_plan(self, _events: int) -> None:
        vector = [self._out]
        for _ in range(BUDGET):
            try:
                count = os.readv(self._tap, vector)
            except BlockingIOError:
                return
            except OSError as error:
                self._not_read(error)
                return
            self.from_host(count)

    def from_host(self, count: int) -> None:
        """The first `count` bytes of the buffer are header and frame: send them by the plan."""
        frame = self._out_view[VNET_HEADER:count]
        if self._punting.of_host and self._punting.takes_from_host(frame):
            return
        for slave in self._forwarder.targets(frame):
            if slave in self._wires:
                self._forwarder.rewrite_sent(slave, frame)
                self._send(slave, count)

    def send_by(self, slave: str, count: int) -> None:
        """They leave by this slave, whatever the plan."""
        if slave in self._wires:
            self._send(slave, count)

    def _send(self, slave: str, count: int) -> None:
        counters = self._counters[slave]
        try:
            self._wires[slave].plain.send(self._out_view[:count])
        except OSError:
            # Down, gone, its queue full, or the frame longer than its MTU: as on a wire, the frame is lost.
            counters.tx_dropped += 1
        else:
            counters.tx_packets += 1
            counters.tx_bytes += count - VNET_HEADER
            self._passed[slave].tx = time.monotonic()

    # ---- from the slaves

    def _wire_handler(self, slave: str, receive: Receive) -> Handler:
        accept = self._forwarder.plan.accept.get(slave, Accept.NOTHING)
        if self._punting.of_slaves or accept is Accept.UNICAST:
            return self._wire_by_plan(slave, receive)
        return self._deliver(slave, receive) if accept is Accept.EVERYTHING else self._ignore(slave, receive)

    def _deliver(self, slave: str, receive: Receive) -> Handler:
        counters, passed = self._counters[slave], self._passed[slave]
        buffer, view, tap, write = self._in, self._in_view, self._tap, os.write

        def handler(_events: int) -> None:
            packets = moved = 0
            try:
                for _ in range(BUDGET):
                    count = receive(buffer)
                    moved += write(tap, view[:count])
                    packets += 1
            except BlockingIOError:
                pass
            except OSError as error:
                self._not_moved(counters, error)
            if packets:
                passed.rx = time.monotonic()
            counters.rx_packets += packets
            counters.rx_bytes += moved - packets * VNET_HEADER

        return handler

    def _ignore(self, slave: str, receive: Receive) -> Handler:
        counters, passed = self._counters[slave], self._passed[slave]
        glance = bytearray(_GLANCE)

        def handler(_events: int) -> None:
            packets = 0
            try:
                for _ in range(BUDGET):
                    receive(glance)
                    packets += 1
            except BlockingIOError:
                pass
            except OSError as error:
                self._not_moved(counters, error)
            if packets:
                passed.rx = time.monotonic()
            counters.rx_ignored += packets

        return handler

    def _wire_by_plan(self, slave: str, receive: Receive) -> Handler:
        counters, passed = self._counters[slave], self._passed[slave]
        buffer, view = self._in, self._in_view

        def handler(_events: int) -> None:
            now = time.monotonic()
            try:
                for _ in range(BUDGET):
                    count = receive(buffer)
                    passed.rx = now
                    if not self.admits(slave, view[VNET_HEADER:count], counters):
                        continue
                    os.write(self._tap, view[:count])
                    counters.rx_packets += 1
                    counters.rx_bytes += count - VNET_HEADER
            except BlockingIOError:
                pass
            except OSError as error:
                self._not_moved(counters, error)

        return handler

    def admits(self, slave: str, frame: memoryview, counters: Counters) -> bool:
        """A frame was received on a slave: whether the host is to get it, as it is then."""
        if self._punting.takes_from_slave(slave, frame):
            return False
        if not self._forwarder.accepts(slave, frame):
            counters.rx_ignored += 1
            return False
        self._forwarder.rewrite_received(slave, frame)
        return True

    def _tagged_handler(self, slave: str, wire: Wire) -> Handler:
        if not self._vlans:
            return self._wire_handler(slave, tagged_receiver(wire.tagged, self._in))
        counters, passed = self._counters[slave], self._passed[slave]
        receive, view = late_receiver(wire.tagged, self._in_view), self._in_view

        def handler(_events: int) -> None:
            now = time.monotonic()
            try:
                for _ in range(BUDGET):
                    told = receive()
                    passed.rx = now
                    self._vlans.received(slave, view, told, counters, self._tap)
            except BlockingIOError:
                pass
            except OSError as error:
                self._not_moved(counters, error)

        return handler

    def _not_moved(self, counters: Counters, error: OSError) -> None:
        # ENETDOWN is news of the slave, not of a frame. EIO: the bond device is down. EINVAL: segmentation
        # that a virtio header cannot tell. ENXIO: the slave is gone, which link events will tell, too.
        if error.errno == errno.EBADFD:
            self._lost()
        elif error.errno != errno.ENETDOWN:
            counters.rx_dropped += 1

    def _not_read(self, error: OSError) -> None:
        """A frame of the host was lost: the kernel was short of memory, or could not put it in a header."""
        if error.errno == errno.EBADFD:
            self._lost()

    def _lost(self) -> None:
        if self._tap >= 0:
            self._loop.remove(self._tap)
            self._tap = -1
            self._when_lost()
