"""`bondlab chaos`: random faults on a lab, with a bond that holds and with one that cannot."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.lab_live.commands import bondlab, plain


def test_a_bond_with_a_monitor_holds() -> None:
    done = bondlab("chaos", "--seed", "4", "--for", "6")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    first, looks, last = done.stdout.splitlines()
    assert re.fullmatch(r"seed 4: \d+ faults in 6 s on single_switch, active-backup", first)
    assert "reachable" in looks
    assert last == "what had to be reachable was, what was cut off was not"


def on_a_terminal(directory: Path, rest: str = "") -> str:
    """What a terminal shows of two seconds of it."""
    typed = f"{sys.executable} -m lab.cli chaos --seed 4 --for 2 {rest}"
    done = subprocess.run(
        ["script", "--quiet", "--return", "--command", typed, str(directory / "typescript")],
        stdin=subprocess.DEVNULL,
        env=plain() | {"TERM": "xterm"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    assert re.search(r"seed 4: .*0:00:01.* of 2 s", on_a_terminal(tmp_path))


def test_what_is_to_go_to_a_file_does_while_the_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    said = tmp_path / "said"
    assert re.search(r"0:00:01.* of 2 s", on_a_terminal(tmp_path, f">{said}"))
    assert re.match(r"seed 4: \d+ faults in 2 s", said.read_text())


def test_a_bond_without_a_monitor_is_found_out_and_the_story_shrunk() -> None:
    done = bondlab("chaos", "--seed", "3", "--for", "3", "--miimon", "0")  # its third fault takes eth0
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert re.search(r"after fault 3: reachable, yet stream \d+ arrives: not within 3 s", done.stdout)
    assert re.search(r"1 of them suffice:\n  host1\.eth0--sw1\.p1, then \d+ ms\nreachable, yet", done.stdout)
    assert re.search(r"chaos +host1\.eth0--sw1\.p1 broken", done.stdout)


def test_modes_in_turn() -> None:
    """And it ends when the time is over, however long it takes for LACP to find its partner anew."""
    done = bondlab("chaos", "--seed", "4", "--for", "8", "--mode", "all", "--topo", "bladecenter:mixed")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    held = ["active-backup: holds", "802.3ad: holds", "balance-tlb: holds", "balance-alb: holds"]
    assert done.stdout.splitlines()[-4:] == held
    assert done.stdout.count("faults in 2 s on bladecenter:mixed") == 4


def test_a_mode_that_does_not_fit_is_refused() -> None:
    done = bondlab("chaos", "--topo", "two_switch_isl", "--mode", "broadcast")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bondlab: two_switch_isl: broadcast wants all its cables in one node")


def test_wrong_words() -> None:
    done = bondlab("chaos", "--topo", "single_switch", "--slaves", "9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bondlab: single_switch: --slaves 9, but the host has 4 NICs\n"
