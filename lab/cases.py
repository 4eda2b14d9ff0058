"""What a case imports.

    @behaviour("2.mode.active-backup.one-active")
    @needs(slaves=2, meeting=True)
    def test_only_the_active_slave_sends(bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
        ...

The ids are those of testcases/behaviours.yaml. Fixtures: `topology`, `bed`, `driver`, `capture`, `bonded`,
`stream`, see lab.pytest_plugin.fixtures; and `wire`, see testcases.wire, where `Wire` comes from.
"""

from __future__ import annotations

import pytest

from lab.bonding import HOST_IP, PEER_B_IP, PEER_IP, Bonding
from lab.capture import Capture, Seen
from lab.drivers.base import BondDriver, BondHandle
from lab.errors import DriverRefused, LabError
from lab.needs import Needs
from lab.procfile import BondView, SlaveView
from lab.pytest_plugin.fixtures import StreamMaker
from lab.switches.base import Lacp
from lab.testbed import Testbed
from lab.topology import Port, Topology
from lab.traffic import Flow, Stream, StreamReport, send_frames
from lab.waiting import TimeOut, eventually, never

__all__ = [
    "HOST_IP",
    "PEER_B_IP",
    "PEER_IP",
    "BondDriver",
    "BondHandle",
    "BondView",
    "Bonding",
    "Capture",
    "DriverRefused",
    "Flow",
    "LabError",
    "Lacp",
    "Port",
    "Seen",
    "SlaveView",
    "Stream",
    "StreamMaker",
    "StreamReport",
    "Testbed",
    "TimeOut",
    "Topology",
    "behaviour",
    "differs",
    "eventually",
    "needs",
    "never",
    "send_frames",
]


def behaviour(*ids: str) -> pytest.MarkDecorator:
    """The behaviours that the case verifies; an id which the catalogue does not have is an error."""
    return pytest.mark.behaviour(*ids)


def differs(*ids: str) -> pytest.MarkDecorator:
    """What the case shows is done in place of these behaviours by drivers of today; it runs on those only.

    Each id has its entry in testcases/known_differences.yaml.
    """
    return pytest.mark.differs(*ids)


def needs(
    *,
    slaves: int = 0,
    meeting: bool | None = None,
    switch: bool | None = None,
    roles: tuple[str, ...] = (),
    traits: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    once: bool = False,
) -> pytest.MarkDecorator:
    """What a topology must have to show the case; see lab.needs.Needs."""
    return pytest.mark.needs(
        Needs(
            slaves=slaves,
            meeting=meeting,
            switch=switch,
            roles=roles,
            traits=traits,
            without=without,
            once=once,
        )
    )
