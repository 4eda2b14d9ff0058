"""What the kernel of a host says of its interfaces, bond devices included."""

from __future__ import annotations

import json
from typing import Any

from lab.hosts.base import Host


def link(host: Host, interface: str) -> dict[str, Any]:
    """An interface as iproute2 shows it: flags, mtu, address and more."""
    (shown,) = json.loads(host.run(["ip", "-j", "link", "show", "dev", interface]).stdout)
    return dict(shown)


def has_carrier(host: Host, interface: str) -> bool:
    """Whether the interface has a carrier."""
    return "LOWER_UP" in link(host, interface)["flags"]
