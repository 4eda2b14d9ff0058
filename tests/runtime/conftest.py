from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.lab import Daemon, Lab

SANDBOX = "BONDLAB_SANDBOX"


@pytest.fixture
def sandbox() -> None:
    """Only inside `unshare -n -m -p -f --mount-proc --kill-child env BONDLAB_SANDBOX=1 ...`."""
    if SANDBOX not in os.environ:
        pytest.skip(f"needs network namespaces of its own ({SANDBOX} is not set)")


@pytest.fixture
def lab(sandbox: None, tmp_path: Path) -> Iterator[Lab]:
    """A host with two NICs."""
    lab = Lab(tmp_path, nics=2)
    yield lab
    lab.close()


@pytest.fixture
def bondd(lab: Lab) -> Daemon:
    """A bondd in that host."""
    return lab.bondd()
