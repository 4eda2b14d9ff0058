"""What a case asks for: topology, bed, capture, driver, bonded, stream."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from lab.behaviours import mode_asked_for
from lab.bonding import Bonding
from lab.capture import Capture
from lab.drivers.base import BondHandle
from lab.drivers.events import EventLog
from lab.drivers.userspace import UserspaceDriver
from lab.hosts.base import Host
from lab.pytest_plugin.collecting import MODES, built
from lab.pytest_plugin.options import options
from lab.rundir import new_directory
from lab.testbed import Testbed
from lab.timeline import Moment
from lab.topology import Topology
from lab.traffic import Stream


@dataclass
class Live:
    """The lab of the case that runs: what `failures` looks at when it fails."""

    bed: Testbed
    capture: Capture
    driver: UserspaceDriver | None = None
    bonding: Bonding | None = None
    events: dict[str, EventLog] = field(default_factory=dict)  # by host

    @property
    def bonds(self) -> tuple[BondHandle, ...]:
        """The bonds that are there, those of peers with a kernel of their own too."""
        ours = self.driver.bonds if self.driver else ()
        return (*ours, *(self.bonding.kernel.bonds if self.bonding else ()))

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
    """The topology of this run of the case."""
    return built(request.param)


@pytest.fixture
def bed(topology: Topology, request: pytest.FixtureRequest) -> Iterator[Testbed]:
    """A fresh testbed, every cable with a carrier and captured. Gone after the case."""
    run_dir = new_directory()
    made = Testbed.build(topology, run_dir)
    live = None
    try:
        for cable in made.cables.values():
            cable.settle()
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
def driver(bed: Testbed, request: pytest.FixtureRequest) -> UserspaceDriver:
    """The driver under test."""
    live: Live = request.node.stash[LIVE]
    host_under_test = bed.host("host").name
    modes: list[str] = []
    request.node.user_properties.append((MODES, modes))

    def note(host: Host, options: Mapping[str, str]) -> None:
        if host.name == host_under_test:
            modes.append(mode_asked_for(options))
        if host.name not in live.events:
            live.events[host.name] = EventLog(made.daemon(host))

    made = live.driver = UserspaceDriver(Path(bed.run_dir), bed.undo, created=note)
    return made


@pytest.fixture
def bonded(bed: Testbed, driver: UserspaceDriver, request: pytest.FixtureRequest) -> Bonding:
    """Call it to have a bond: `bonded(mode="active-backup", slaves=2, miimon=100)`; see lab.bonding."""
    made = request.node.stash[LIVE].bonding = Bonding(bed, driver)
    return made


@pytest.fixture
def stream(bonded: Bonding) -> StreamMaker:
    """Call it for probes over the bond: `with stream("out", rate_pps=1000) as s: ...`; then `s.report()`."""
    return bonded.stream
