from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import sandbox
from tests.bondfs.mounted import Bondfs
from tests.runtime.lab import Daemon, Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A host with two NICs, in the namespaces of the test run."""
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/bondfs")
    if not Path("/dev/fuse").exists():
        pytest.skip("needs /dev/fuse")
    lab = Lab(tmp_path, nics=2)
    yield lab
    lab.close()


@pytest.fixture
def bondd(lab: Lab) -> Daemon:
    """A bondd of era 6.x in that host."""
    return lab.bondd("--era", "6.x")


@pytest.fixture
def bondfs(lab: Lab, bondd: Daemon) -> Iterator[Bondfs]:
    """A bondfs of that bondd, at a mount point of its own."""
    mount_point = lab.directory / "bonds"
    mount_point.mkdir()
    bondfs = Bondfs(mount_point, str(bondd.socket))
    yield bondfs
    bondfs.stop()
