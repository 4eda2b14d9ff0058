"""A stream that cannot keep its pace gives up, instead of flooding for ever."""

from __future__ import annotations

from typing import Any

import pytest

from lab import traffic
from lab.errors import LabError
from lab.traffic import Flow, ProbeStream
from lab.waiting import eventually


class Wire:
    """A socket that takes every frame."""

    def __init__(self) -> None:
        self.frames = 0

    def send(self, _frame: bytes) -> None:
        self.frames += 1

    def close(self) -> None:
        """Nothing to do."""


class OneNic:
    """As much of a host as a stream needs."""

    def __init__(self) -> None:
        self.wire = Wire()

    def mac(self, _interface: str) -> str:
        return "02:00:00:00:00:01"

    def packet_socket(self, _interface: str, _protocol: int) -> Wire:
        return self.wire


def stream(rate_pps: float) -> tuple[ProbeStream, Wire]:
    host: Any = OneNic()
    flow = Flow("02:00:00:00:00:02", "10.0.0.1", "10.0.0.2", rate_pps=rate_pps)
    return ProbeStream(host, "eth0", flow), host.wire


def test_it_gives_up_when_it_falls_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "BEHIND_S", 0.1)
    probe, wire = stream(rate_pps=1e9)
    probe.start()
    eventually(lambda: probe.lag_s > 0.1, within=10)
    with pytest.raises(
        LabError, match=r"cannot send: 0\.\d s behind its 1e\+09 frames a second: this machine is too slow"
    ):
        probe.stop()
    assert wire.frames == probe.sent > 0


def test_it_goes_on_when_it_keeps_up() -> None:
    probe, wire = stream(rate_pps=200)
    probe.start()
    eventually(lambda: probe.sent >= 20, within=10)
    probe.stop()
    assert wire.frames == probe.sent
