"""A few of the kills of `make kill9`; "the machine" is here the sandbox of this run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.kill9.kills import kill_at_random


def test_a_killed_run_leaves_nothing_and_the_next_is_as_ever() -> None:
    told: list[str] = []
    with tempfile.TemporaryDirectory() as directory:  # tmp_path is too long for the sockets of a run
        kill_at_random(Path(directory), seed=5, times=2, say=told.append)
    assert len(told) == 2
