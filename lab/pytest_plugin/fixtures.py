"""What a case asks for: topology, bed, capture, driver, bonded, stream."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from lab.behaviours import mode_asked_for
from lab.bonding import Bonding
from lab.capture import Capture
from lab.drivers.base import BondDriver, BondHandle
from lab.drivers.events import EventLog
from lab.drivers.fleet import Fleet
from lab.hosts.base import Host
from lab.hosts.uml.guest import Guests
from lab.preflight import preflight
from lab.preflight.tools import check_tools
from lab.pytest_plugin.collecting import MODES, built
from lab.pytest_plugin.options import options
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.timeline import Moment
from lab.topology import Topology
from lab.traffic import Stream
from lab.under_test import as_tested


@dataclass
class Live:
    """The lab of the case that runs: what `failures` looks at when it fails."""

    bed: Testbed
    capture: Capture
    drivers: Fleet | None = None
    events: dict[str, EventLog] = field(default_factory=dict)  # by host

    @property
    def bonds(self) -> tuple[BondHandle, ...]:
        """The bonds that are there."""
        return self.drivers.bonds if self.drivers else ()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What the driver under test told so far, on all hosts."""
        return tuple(moment for log in self.events.values() for moment in log.moments)


LIVE = pytest.StashKey[Live]()


class StreamMaker(Protocol):
    """Type of the fixture `stream`."""

    def __call__(self, direction: str = "out", **changes: object) -> Stream:
        """See `lab.bonding.Bonding.stream`."""


def case_name(item: pytest.Item) -> str:
    """Name of a directory for the case."""
    return re.sub(r"[^\w.=,-]+", "_", f"{item.path.stem}-{item.name}").strip("_")


@pytest.fixture
def topology(request: pytest.FixtureRequest) -> Topology:
    """The topology of this run of the case, with the driver under test in its place."""
    return as_tested(built(request.param), options(request.config).driver)


@pytest.fixture(scope="session")
def guests() -> Iterator[Guests]:
    """User-Mode Linux guests, booted when first wanted and kept for the cases that follow."""
    directory = new_directory()
    made = Guests(directory)
    yield made
    made.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def proven() -> set[str]:
    """The topologies of which a lab has passed its preflight; one in each worker is enough."""
    return set()


@pytest.fixture
def bed(
    topology: Topology, guests: Guests, proven: set[str], request: pytest.FixtureRequest
) -> Iterator[Testbed]:
    """A fresh testbed, every cable with a carrier and captured. Gone after the case."""
    new = topology.name not in proven
    if new:
        check_tools()
    run_dir = new_directory()
    made = Testbed.build(topology, run_dir, guests)
    live = None
    try:
        for cable in made.cables.values():
            cable.settle()
        if new:
            preflight(made)
            proven.add(topology.name)
        capture = Capture.start(made.cables.values())
        made.undo.push("capture", capture.close)
        live = request.node.stash[LIVE] = Live(made, capture)
        yield made
        if directory := options(request.config).pcap_dir:
            capture.settle()
            capture.write_pcaps(directory / case_name(request.node))
    finally:
        if live:
            del request.node.stash[LIVE]
        made.close()
        shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture
def capture(bed: Testbed, request: pytest.FixtureRequest) -> Capture:  # noqa: ARG001  # it starts with the bed
    """Everything that passed every cable of the bed since it was built."""
    live: Live = request.node.stash[LIVE]
    return live.capture


@pytest.fixture
def drivers(bed: Testbed, request: pytest.FixtureRequest) -> Fleet:
    """The driver of each host."""
    live: Live = request.node.stash[LIVE]
    modes: list[str] = []
    request.node.user_properties.append((MODES, modes))

    def note(host: Host, asked_for: Mapping[str, str]) -> None:
        if host is bed.host("host"):
            modes.append(mode_asked_for(asked_for))
        if made.of(host) is made.userspace and host.name not in live.events:
            live.events[host.name] = EventLog(made.userspace.daemon(host))

    made = live.drivers = Fleet(bed, options(request.config).era, created=note)
    return made


@pytest.fixture
def driver(drivers: Fleet) -> BondDriver:
    """The driver under test."""
    return drivers.under_test


@pytest.fixture
def bonded(bed: Testbed, drivers: Fleet) -> Bonding:
    """Call it to have a bond: `bonded(mode="active-backup", slaves=2, miimon=100)`; see lab.bonding."""
    return Bonding(bed, drivers)


@pytest.fixture
def stream(bonded: Bonding) -> StreamMaker:
    """Call it for probes over the bond: `with stream("out", rate_pps=1000) as s: ...`; then `s.report()`."""
    return bonded.stream
