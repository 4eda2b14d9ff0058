from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.lab import Daemon, Lab, ip, state
from tests.runtime.reach import HOST, HOST6, PEER, PEER6
from tests.runtime.taken import NICS

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


@pytest.fixture
def bridge(lab: Lab) -> Iterator[str]:
    """A bridge of the host, down and without ports; it goes before the host's NICs do."""
    name = "br9"
    ip("link", "add", "dev", name, "type", "bridge", "mcast_snooping", "0")
    Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
    yield name
    ip("link", "del", "dev", name)


@pytest.fixture
def before(lab: Lab) -> dict[str, Any]:
    """State of the NICs, with addresses and MTUs that are not the usual ones."""
    ip("link", "set", "dev", "eth0", "address", "00:00:5e:00:53:0a", "mtu", "1400")
    ip("link", "set", "dev", "eth1", "address", "00:00:5e:00:53:0b", "mtu", "2000")
    return {nic: state(nic) for nic in NICS}


@pytest.fixture
def bond(lab: Lab, bondd: Daemon) -> Daemon:
    """bond0, active-backup over eth0 and eth1, with addresses here and there."""
    bondd.add("bond0", "eth0", "eth1", mode="active-backup", miimon="100")
    ip("address", "add", f"{HOST}/24", "dev", "bond0")
    ip("address", "add", f"{HOST6}/64", "dev", "bond0", "nodad")
    lab.peer("ip", "address", "add", f"{PEER}/24", "dev", "br0")
    lab.peer("ip", "address", "add", f"{PEER6}/64", "dev", "br0", "nodad")
    return bondd


@pytest.fixture
def raw(bondd: Daemon) -> Iterator[socket.socket]:
    """A connection on which a test may say anything."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(bondd.socket))
        yield connection
