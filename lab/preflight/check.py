"""Proving a testbed: carrier at every end, and each cable by a probe from both of its ends.

A probe is heard at the other end of its cable and nowhere else, and no other frame is heard. Probes are
frames that no switch forwards or learns from, so they leave no trace but in the counters of the ports.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial

from lab import packet_io
from lab.capture import ETH_P_ALL
from lab.errors import LabBroken
from lab.interfaces import Interfaces
from lab.netns import in_namespace
from lab.preflight.plan import faults, number_of, numbered, probe
from lab.testbed import Testbed
from lab.topology import Port
from lab.waiting import TimeOut, eventually, never

ARRIVED_S = 1.0
SILENT_S = 0.02
SNAP = 128


def preflight(bed: Testbed) -> None:
    """Raises LabBroken, naming ports and cables, when the lab is not what its topology says."""
    cables = [patch.cable for patch in bed.cables.values()]
    devices: dict[str, Interfaces] = {name: host.outer for name, host in bed.hosts.items()}
    devices |= {name: switch.interfaces for name, switch in bed.switches.items()}
    dark = [
        f"{end} has no carrier (cable {cable.name})"
        for cable in cables
        for end in (cable.a, cable.b)
        if not devices[end.node].ready(end.name)
    ]
    _complain(bed, dark)
    ports = numbered(cables)
    with ExitStack() as opened:
        ears = _open(ports, devices)
        opened.callback(_close, ears.values())
        heard: dict[Port, list[bytes]] = {port: [] for port in ports}
        for number, port in enumerate(ports):
            ears[port].send(probe(number))

        def read() -> bool:
            """Whether all cables have carried their probes, or others."""
            for port, ear in ears.items():
                while packet := packet_io.receive(ear, SNAP, 0):
                    heard[port].append(packet.data)
            return all(any(number_of(data) is not None for data in frames) for frames in heard.values())

        with suppress(TimeOut):  # told below, port by port
            eventually(read, ARRIVED_S, every=0.002)
        never(lambda: read() and False, SILENT_S)
    _complain(bed, list(faults(cables, heard)))


def _open(ports: Sequence[Port], devices: Mapping[str, Interfaces]) -> dict[Port, socket.socket]:
    """A socket on each of these ports, that hears what comes from the cable."""
    ears: dict[Port, socket.socket] = {}
    for node in dict.fromkeys(port.node for port in ports):  # one visit to each namespace
        here = [port for port in ports if port.node == node]
        sockets = in_namespace(devices[node].pid, partial(_open_here, [port.name for port in here]))
        ears.update(zip(here, sockets, strict=True))
    return ears


def _open_here(names: Sequence[str]) -> list[socket.socket]:
    made = []
    for name in names:
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        packet_io.prepare(ear, incoming_only=True)
        ear.bind((name, ETH_P_ALL))
        made.append(ear)
    return made


def _close(ears: Collection[socket.socket]) -> None:
    # The kernel waits for a grace period in each: all at once, they share it.
    with ThreadPoolExecutor(len(ears)) as pool:
        list(pool.map(socket.socket.close, ears))


def _complain(bed: Testbed, complaints: list[str]) -> None:
    if complaints:
        raise LabBroken(f"preflight of {bed.topology.name}: {'; '.join(complaints)}")
