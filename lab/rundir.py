"""Where a testbed keeps its files: in the directory of the run, which is removed even after `kill -9`."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from lab import runs, sandbox

_numbers = itertools.count(1)


def run_directory() -> Path:
    """The directory of the run this process is a part of (it must be in a sandbox). Raises LabError."""
    return runs.directory_of(os.environ[sandbox.RUN_VARIABLE])


def new_directory() -> Path:
    """A path in there that is not taken; it is short, as unix sockets (107 bytes) must be."""
    return run_directory() / f"bed{os.getpid()}-{next(_numbers)}"
