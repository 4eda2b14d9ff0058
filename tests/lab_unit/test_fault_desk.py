"""The faults in force in a lab: which exclude each other, and what becomes of one that does not heal."""

from __future__ import annotations

from typing import Any

import pytest

from lab.errors import LabError, TopologyError
from lab.remote import words
from lab.remote.desk import FaultDesk
from lab.timeline import Timeline


class Bed:
    """What the desk uses of a testbed."""

    def __init__(self) -> None:
        self.timeline = Timeline()


class Fault:
    def __init__(self, text: str) -> None:
        self.text, self.on, self.stuck = text, False, False

    def __enter__(self) -> Fault:
        self.on = True
        return self

    def heal(self) -> None:
        if self.stuck:
            raise LabError("it is stuck")
        self.on = False


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Fault]:
    """Faults as they are made; a target names its cables with commas."""
    faults: list[Fault] = []

    def make(_bed: Any, word: str, target: str, _amount: float | None = None) -> Fault:
        faults.append(Fault(f"{word} {target}"))
        return faults[-1]

    monkeypatch.setattr(words, "make", make)
    monkeypatch.setattr(words, "cables", lambda _bed, _word, target: frozenset(target.split(",")))
    return faults


@pytest.fixture
def desk(made: list[Fault]) -> FaultDesk:
    return FaultDesk(Bed())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"), [("pull", "flaps"), ("pull", "power_off"), ("bandwidth", "bandwidth")]
)
def test_of_two_that_act_on_the_same_of_a_cable_the_second_is_refused(
    desk: FaultDesk, made: list[Fault], first: str, second: str
) -> None:
    desk.apply(first, "c1")
    with pytest.raises(TopologyError, match=rf"{second}: c1 has fault 1 \({first}\): heal that first"):
        desk.apply(second, "c1,c2")
    assert [fault.on for fault in made] == [True, False]
    desk.apply(second, "c2")
    desk.heal(1)
    desk.apply(second, "c1")


def test_others_go_together(desk: FaultDesk, made: list[Fault]) -> None:
    for word in ("pull", "blackhole", "loss", "delay"):
        desk.apply(word, "c1")
    assert all(fault.on for fault in made)
    assert desk.heal_all() == ["delay c1", "loss c1", "blackhole c1", "pull c1"]
    assert desk.in_force() == []


def test_one_that_does_not_heal_is_still_there_and_stops_no_other(desk: FaultDesk, made: list[Fault]) -> None:
    for cable in ("c1", "c2", "c3"):
        desk.apply("pull", cable)
    made[1].stuck = True
    with pytest.raises(LabError, match="stuck"):
        desk.heal_all()
    assert [fault.on for fault in made] == [False, True, False]
    assert [each["number"] for each in desk.in_force()] == [2]
    made[1].stuck = False
    assert desk.heal(2) == "pull c2"


@pytest.mark.parametrize("for_s", [0, -1, float("nan"), float("inf")])
def test_how_long_must_make_sense(desk: FaultDesk, made: list[Fault], for_s: float) -> None:
    with pytest.raises(TopologyError, match="possible: more than 0"):
        desk.apply("pull", "c1", for_s=for_s)
    assert made == []
