"""Testbeds for the tests of the lab itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import topologies
from lab import sandbox
from lab.availability import unavailable
from lab.bonding import HOST_IP, PEER_IP
from lab.capture import Capture
from lab.hosts.uml.host import UmlHost
from lab.testbed import Testbed
from topologies import kernel_peer


@pytest.fixture(scope="session")
def in_sandbox() -> None:
    """The lab builds in a sandbox only."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/lab")


@pytest.fixture(scope="module")
def pair(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two hosts, four cables."""
    with Testbed.build(topologies.build("host_to_host"), tmp_path_factory.mktemp("pair")) as bed:
        yield bed


@pytest.fixture(scope="module")
def star(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """A host with four cables to a switch, two stations behind it."""
    with Testbed.build(topologies.build("single_switch"), tmp_path_factory.mktemp("star")) as bed:
        yield bed


@pytest.fixture(scope="module")
def guest_bed(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two hosts, four cables; the peer is a User-Mode Linux guest. On eth0 10.0.0.1 and 10.0.0.2."""
    topology = kernel_peer.build()
    if why := unavailable(topology):
        pytest.skip(why)
    with Testbed.build(topology, tmp_path_factory.mktemp("guest")) as bed:
        for role, address in (("host", HOST_IP), ("peer", PEER_IP)):
            bed.host(role).run(["ip", "address", "add", f"{address}/24", "dev", "eth0"])
        yield bed


@pytest.fixture
def guest(guest_bed: Testbed) -> UmlHost:
    """The guest of `guest_bed`."""
    peer = guest_bed.host("peer")
    assert isinstance(peer, UmlHost)
    return peer


@pytest.fixture(scope="module")
def guest_capture(guest_bed: Testbed) -> Iterator[Capture]:
    """What passes the cables of `guest_bed`."""
    with Capture.start(guest_bed.cables.values()) as made:
        yield made


@pytest.fixture
def run_dir(in_sandbox: None, tmp_path: Path) -> Path:
    """Where a testbed that the test builds itself may write."""
    return tmp_path
