"""The preflight on labs that are as planned, and on sabotaged ones: it names port and cable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import topologies
from lab.bonding import HOST_IP, PEER_IP
from lab.cables import PatchCable
from lab.errors import LabBroken
from lab.frames import arp_request
from lab.preflight import preflight
from lab.testbed import Testbed
from lab.traffic import send_frames


def cables(bed: Testbed) -> tuple[PatchCable, PatchCable]:
    return bed.slave_cable(0), bed.slave_cable(1)


@pytest.mark.parametrize("name", ["host_to_host", "two_switch_isl", "lacp_switch:ovs"])
def test_a_lab_as_planned_passes_and_no_switch_has_learned(run_dir: Path, name: str) -> None:
    with Testbed.build(topologies.build(name), run_dir) as bed:
        before = {switch.name: switch.mac_table() for switch in bed.switches.values()}
        preflight(bed)
        preflight(bed)
        assert {switch.name: switch.mac_table() for switch in bed.switches.values()} == before


def test_a_pulled_cable(pair: Testbed) -> None:
    cable, _ = cables(pair)
    cable.pull()
    try:
        with pytest.raises(LabBroken, match=f"{cable.a} has no carrier .cable {cable.name}.; {cable.b} has"):
            preflight(pair)
    finally:
        cable.plug()
    preflight(pair)


@pytest.mark.parametrize("way", ["a", "b"])
def test_a_dead_cable_keeps_its_carrier(star: Testbed, way: str) -> None:
    cable, _ = cables(star)
    sender, deaf = (cable.a, cable.b) if way == "a" else (cable.b, cable.a)
    cable.impair("sabotage", ["drop"], from_node=sender.node)
    try:
        with pytest.raises(LabBroken) as caught:
            preflight(star)
    finally:
        cable.heal("sabotage")
    assert str(caught.value) == (
        f"preflight of single_switch: {deaf} does not hear {sender} (cable {cable.name})"
    )


def test_two_cables_swapped(star: Testbed) -> None:
    """Their far ends: eth0 is in p2, eth1 is in p1."""
    one, two = cables(star)
    for cable, other in ((one, two), (two, one)):
        cable.impair("in", [f'fwd to "{other.tap(other.b)}"'], from_node=cable.a.node)
        cable.impair("out", [f'fwd to "{other.tap(other.a)}"'], from_node=cable.b.node)
    try:
        with pytest.raises(LabBroken) as caught:
            preflight(star)
    finally:
        for cable in (one, two):
            cable.heal("in")
            cable.heal("out")
    for cable, other in ((one, two), (two, one)):
        for end, plan, found in ((cable.a, cable.b, other.b), (cable.b, cable.a, other.a)):
            assert f"{end} does not hear {plan}, but {found} (cable {cable.name})" in str(caught.value)
    preflight(star)


def test_a_frame_that_is_heard_elsewhere_too(star: Testbed) -> None:
    one, two = cables(star)
    one.impair("tee", [f'dup to "{two.tap(two.b)}"'], from_node=one.a.node)
    try:
        with pytest.raises(LabBroken, match=f"{two.b} hears {one.a}, too .cable {two.name}."):
            preflight(star)
    finally:
        one.heal("tee")


def test_a_talker_on_the_wire(pair: Testbed) -> None:
    cable, _ = cables(pair)
    with talking(pair), pytest.raises(LabBroken, match=f"{cable.b} is not silent: .* the first ff ff ff"):
        preflight(pair)
    preflight(pair)


@contextmanager
def talking(bed: Testbed) -> Iterator[None]:
    """The host asks for an address all the time."""
    host, stop = bed.host("host"), threading.Event()
    frame = arp_request(host.mac("eth0"), HOST_IP, PEER_IP)

    def talk() -> None:
        while not stop.wait(0.005):
            send_frames(host, "eth0", [frame])

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield
    finally:
        stop.set()
        talker.join()
