"""A lab that `bondlab up` has started, told and asked from outside by other commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from lab import sandbox
from lab.waiting import eventually
from tests.lab_live.commands import bondlab, plain


@pytest.fixture(scope="module")
def lab() -> Iterator[subprocess.Popen[str]]:
    """`bondlab up`, at its prompt. Its run has a base of its own: other workers have labs up, too."""
    command = [sys.executable, "-m", "lab.cli", "up", "single_switch"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory(prefix="lab") as base,  # short, as the path of a socket must be
    ):
        patch.setenv("BONDLAB_RUN_DIR", base)
        for inner in (sandbox.RUN_VARIABLE, sandbox.OUTER_VARIABLE):  # it is a run, not a part of ours
            patch.delenv(inner, raising=False)
        yield from _up(command, pipes)


def _up(command: list[str], pipes: dict[str, int]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, env=plain(), text=True, **pipes) as up:  # type: ignore[call-overload]
        try:
            eventually(lambda: bondlab("watch", "--json").returncode == 0, within=60, what="the lab is up")
            yield up
        finally:
            left = up.communicate("", timeout=30)[0]
    assert "Traceback" not in left
    assert up.returncode == 0


def seen() -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(bondlab("watch", "--json").stdout)
    return shown


def active() -> object:
    (bond,) = seen()["bonds"]
    return bond["active"]


def test_a_pulled_cable_is_a_failover_and_heals(lab: subprocess.Popen[str]) -> None:
    assert active() == "eth0"
    done = bondlab("fault", "apply", "pull", "host1:eth0")
    assert (done.returncode, done.stderr) == (0, "")
    number, _, text = done.stdout.strip().partition(": ")
    assert "pulled" in text
    eventually(lambda: active() == "eth1", within=2)
    assert [cable["name"] for cable in seen()["cables"] if not cable["plugged"]] != []
    shown = bondlab("watch", "--once").stdout
    assert "eth0" in shown
    assert "down" in shown
    assert "pulled" in shown
    healed = bondlab("fault", "heal", number)
    assert healed.stdout == f"healed: {text}\n"
    assert seen()["faults"] == []
    eventually(lambda: "pulled" not in bondlab("watch", "--once").stdout, within=5)


def test_a_fault_with_a_time_ends_by_itself(lab: subprocess.Popen[str]) -> None:
    done = bondlab("fault", "apply", "blackhole", "host1:eth1", "--for", "4")
    assert (done.returncode, done.stderr) == (0, "")
    (fault,) = seen()["faults"]
    assert fault["word"] == "blackhole"
    assert 0 < fault["left_s"] <= 4
    eventually(lambda: seen()["faults"] == [], within=8)


def test_of_two_faults_that_would_undo_each_other_the_second_is_refused(lab: subprocess.Popen[str]) -> None:
    number = bondlab("fault", "apply", "pull", "host1:eth1").stdout.partition(":")[0]
    done = bondlab("fault", "apply", "power_off", "switch_a")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"has fault {number} (pull): heal that first" in done.stderr
    assert [fault["word"] for fault in seen()["faults"]] == ["pull"]
    assert bondlab("fault", "heal", "all").returncode == 0


def test_one_way_names_the_end_whose_frames_are_lost(lab: subprocess.Popen[str]) -> None:
    text = bondlab("fault", "apply", "one_way", "host1:eth1").stdout
    assert "from host1: blackhole" in text
    assert bondlab("fault", "heal", "all").returncode == 0


def test_all_are_healed_at_once(lab: subprocess.Popen[str]) -> None:
    bondlab("fault", "apply", "loss", "host1:eth0", "30")
    bondlab("fault", "apply", "delay", "host1:eth1", "5")
    words = [fault["word"] for fault in seen()["faults"]]
    assert words == ["loss", "delay"]
    assert bondlab("fault", "heal", "all").stdout.count("healed: ") == 2
    assert seen()["faults"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("apply", "smash", "host1:eth0"), "no fault 'smash'; there are pull, blackhole"),
        (("apply", "pull", "nowhere"), "no cable 'nowhere'; there are "),
        (("apply", "pull", "host1:eth99"), "no cable in host1:eth99; there are host1:eth0"),
        (("apply", "one_way", "host1"), "no cable in host1; there are host1:eth0"),
        (("apply", "freeze", "host1"), "no switch 'host1'; there are "),
        (("apply", "loss", "host1:eth0"), "loss needs a number: how many percent"),
        (("apply", "loss", "host1:eth0", "101"), "loss: 101 percent is not possible; 0 to 100 is"),
        (("apply", "pull", "host1:eth0", "3"), "pull takes no number"),
        (("apply", "pull", "host1:eth0", "--for", "0"), "a fault cannot last 0 s; possible: more than 0"),
        (("heal", "77"), "no fault 77 in force; there are: none"),
        (("heal", "most"), "fault heal: 'most' is neither a number nor all"),
    ],
)
def test_a_wrong_request_is_one_line_and_breaks_nothing(
    lab: subprocess.Popen[str], arguments: tuple[str, ...], says: str
) -> None:
    done = bondlab("fault", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"bondlab: {says}")
    assert seen()["faults"] == []


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("fault apply power_off s", {"sw1", "switch_a"}),
        ("fault apply one_way host1:", {f"host1:eth{number}" for number in range(4)}),
        ("fault apply dead st", {"station1", "station2"}),
        ("fault apply nosuch ", set()),
    ],
)
def test_targets_are_completed(lab: subprocess.Popen[str], words: str, offered: set[str]) -> None:
    """As bash asks for it."""
    line = f"bondlab {words}"
    asked = {"_BONDLAB_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = bondlab(env=asked)
    assert (set(done.stdout.split()), done.stderr) == (offered, "")


def test_labs_are_completed(lab: subprocess.Popen[str]) -> None:
    asked = {"_BONDLAB_COMPLETE": "complete_bash", "COMP_WORDS": "bondlab watch --run ", "COMP_CWORD": "3"}
    (name,) = bondlab(env=asked).stdout.split()
    assert bondlab("watch", "--once", "--run", name).returncode == 0


def test_which_lab_can_be_said(lab: subprocess.Popen[str]) -> None:
    done = bondlab("watch", "--json", "--run", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bondlab: no lab 'nonsense' is up; there are: ")
    name = done.stderr.split()[-1]
    assert bondlab("watch", "--json", "--run", name).returncode == 0
