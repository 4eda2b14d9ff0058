"""Waking a guest again and again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.hosts.uml.nudge import Nudge

COUNTS_TO_FIVE = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
print("ready", flush=True)
for _ in range(5):
    signal.sigwait([signal.SIGIO])
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """A process that ends when it was woken five times."""
    with subprocess.Popen(
        [sys.executable, "-c", COUNTS_TO_FIVE], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_it_goes_on(sleeper: subprocess.Popen[str]) -> None:
    nudge = Nudge(sleeper.pid)
    nudge.begin()
    nudge.begin()
    assert sleeper.wait(timeout=10) == 0
    nudge.end()


def test_before_and_after_nobody_is_woken(sleeper: subprocess.Popen[str]) -> None:
    Nudge(sleeper.pid).end()
    nudge = Nudge(sleeper.pid)
    nudge.begin()
    nudge.end()
    assert sleeper.poll() is None, "it would take five of them"
    assert not nudge._thread.is_alive()


def test_a_process_that_is_gone_is_no_error(sleeper: subprocess.Popen[str]) -> None:
    nudge = Nudge(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    nudge.begin()
    nudge._thread.join(timeout=10)
    assert not nudge._thread.is_alive()
    nudge.end()
