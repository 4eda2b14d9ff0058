"""`make kill9`: kill runs on this machine, outside of any sandbox. Arguments: SEED, and how often."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.kill9.kills import kill_at_random


def main(seed: int = 1, times: int = 20) -> None:
    """Raises AssertionError, TimeOut when something is left."""
    with tempfile.TemporaryDirectory(prefix="bondlab-kill9-") as directory:
        kill_at_random(Path(directory), seed, times, partial(print, flush=True))
    print(f"{times} runs killed, nothing left of any (seed {seed})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
