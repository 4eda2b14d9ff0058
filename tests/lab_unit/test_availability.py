"""Topologies that need a program which is not there are skipped, and said to be not available."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import topologies
from lab.availability import unavailable
from lab.cli import app
from lab.hosts.uml import image
from lab.needs import Needs
from lab.pytest_plugin.collecting import choose


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without User-Mode Linux."""
    monkeypatch.setattr(image, "PROGRAM", "linux.nowhere")


def test_only_what_needs_a_guest_is_not_available(no_kernel: None) -> None:
    missing = [name for name in topologies.BUILDERS if unavailable(topologies.build(name))]
    assert missing == ["lacp_switch:kernel", "kernel_peer", "kernel_station"]


def test_a_case_goes_elsewhere_or_is_skipped_with_the_reason(no_kernel: None) -> None:
    needs = [Needs(traits=("kernel",))]
    (choice,) = choose(needs, ["kernel_peer"])
    assert choice.reason == "no User-Mode Linux here: install the Debian package user-mode-linux"
    (choice,) = choose(needs, None)
    assert "kernel_peer: no User-Mode Linux here" in (choice.reason or "")
    (choice,) = choose([Needs(slaves=2)], None)
    assert (choice.name, choice.reason) == ("host_to_host", None)


def test_the_list_of_topologies_says_so(no_kernel: None) -> None:
    told = " ".join(CliRunner().invoke(app, ["topo", "list"]).stdout.split())
    assert "(not available: no User-Mode" in told


def test_a_guest_needs_room_for_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "PROGRAM", "sh")
    monkeypatch.setattr(image, "MODULES", "/")
    room = {"pages": 0}
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=room["pages"], f_frsize=1 << 20))
    assert "/dev/shm has no room for the 128 MB" in (image.missing() or "")
    room["pages"] = 128
    assert image.missing() is None
