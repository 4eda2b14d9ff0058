"""What the preflight makes of the frames that it heard, and of the programs that are there. No lab."""

from __future__ import annotations

from pathlib import Path

import pytest

import topologies
from lab.errors import LabBroken
from lab.preflight.plan import faults, number_of, numbered, probe
from lab.preflight.tools import PROGRAMS, check_tools, check_version
from lab.topology import Port

STAR = topologies.build("single_switch")
PORTS = numbered(STAR.cables)
FIRST, SECOND = STAR.cables[:2]


def right() -> dict[Port, list[bytes]]:
    """Each port hears the other end of its cable."""
    return {
        end: [probe(PORTS.index(cable.other_end(end.node)))]
        for cable in STAR.cables
        for end in (cable.a, cable.b)
    }


def told(heard: dict[Port, list[bytes]]) -> list[str]:
    return list(faults(STAR.cables, heard))


def test_all_is_well() -> None:
    assert told(right()) == []


def test_a_probe_has_a_number() -> None:
    assert [number_of(probe(number)) for number in (0, 1, 65535)] == [0, 1, 65535]
    assert len(probe(3)) == 60
    assert number_of(bytes(60)) is None
    assert number_of(probe(3)[:30]) is None


def test_nothing_heard() -> None:
    heard = right()
    heard[FIRST.b] = []
    assert told(heard) == [f"{FIRST.b} does not hear {FIRST.a} (cable {FIRST.name})"]


def test_swapped() -> None:
    heard = right()
    heard[FIRST.b], heard[SECOND.b] = heard[SECOND.b], heard[FIRST.b]
    assert told(heard) == [
        f"{FIRST.b} does not hear {FIRST.a}, but {SECOND.a} (cable {FIRST.name})",
        f"{SECOND.b} does not hear {SECOND.a}, but {FIRST.a} (cable {SECOND.name})",
    ]


def test_heard_elsewhere_too_and_twice() -> None:
    heard = right()
    heard[SECOND.b] += [probe(PORTS.index(FIRST.a)), probe(PORTS.index(SECOND.a))]
    assert told(heard) == [
        f"{SECOND.b} hears {FIRST.a}, too (cable {SECOND.name})",
        f"{SECOND.b} hears {SECOND.a} 2 times (cable {SECOND.name})",
    ]


def test_not_silent() -> None:
    heard = right()
    heard[FIRST.a] += [b"\xff" * 6 + b"\2" * 6 + b"\x08\x06" + bytes(46)] * 2
    (complaint,) = told(heard)
    assert complaint.startswith(f"{FIRST.a} is not silent: 2 frames, the first ff ff ff ff ff ff 02")


def test_a_tool_is_missing(tmp_path: Path) -> None:
    for name in PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\necho 'ip utility, iproute2-6.1.0, libbpf 1.1.0'\n")
        (tmp_path / name).chmod(0o755)
    check_tools(str(tmp_path))
    (tmp_path / "ethtool").unlink()
    with pytest.raises(LabBroken, match=r"no ethtool on this machine: run \./setup\.sh"):
        check_tools(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ip utility, iproute2-5.9.0", "too old, 5.10 at least"),
        ("ip utility, iproute2-ss190107", "tells no version"),
        ("ip: applet of something else", "tells no version"),
    ],
)
def test_a_tool_is_too_old(text: str, complaint: str) -> None:
    with pytest.raises(LabBroken, match=complaint):
        check_version(text)


@pytest.mark.parametrize("text", ["ip utility, iproute2-5.10.0, libbpf 0.3", "ip utility, iproute2-6.1.0"])
def test_a_tool_is_new_enough(text: str) -> None:
    check_version(text)
