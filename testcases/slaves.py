"""Slaves: which one a stream goes by, its cable, its MII Status."""

from __future__ import annotations

from collections.abc import Callable

from lab.cables import PatchCable
from lab.cases import BondHandle, Stream, Testbed, eventually
from testcases.bounds import detection, seconds
from testcases.wire import Wire


def cable_of(bed: Testbed, nic: str) -> PatchCable:
    """The cable in a NIC of the host under test."""
    return bed.slave_cable([port.name for port in bed.topology.slaves].index(nic))


def slave_in_use(stream: Stream, wire: Wire) -> str:
    """The NIC by which the next frame of a running stream from the bond leaves."""
    wire.mark()
    stream.wait_flowing()
    return eventually(wire.order, within=1.0, what="frames of the stream leave")[0]


def link_is(bond: BondHandle, nic: str, word: str) -> Callable[[], bool]:
    """A probe for the slave's MII Status; one that is tried out, "going back", is not up: it is down."""
    words = ("down", "going back") if word == "down" else (word,)
    return lambda: bond.status().slave(nic).mii_status in words


def link_goes(bond: BondHandle, nic: str, word: str) -> None:
    """Wait until the slave is up or down, as the next poll must find it with miimon=100 and no delays."""
    eventually(link_is(bond, nic, word), within=seconds(detection()), what=f"{nic} is {word}")
