"""Devices for VLANs over a bond, of the kernel's own make, as ip(8) makes them."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import DriverRefused
from lab.hosts.base import Host


def add(host: Host, bond: str, vlan: int) -> str:
    """Make the device for a VLAN over the bond and bring it up; its name. Raises DriverRefused."""
    name = f"{bond}.{vlan}"
    host.run(["modprobe", "8021q"], check=False)  # a kernel that has it built in knows no module
    _ip(host, ["add", "link", bond, "name", name, "type", "vlan", "id", str(vlan)])
    _ip(host, ["set", "dev", name, "up"])
    return name


def remove(host: Host, bond: str, vlan: int) -> None:
    """Remove the device for that VLAN. Raises DriverRefused."""
    _ip(host, ["del", "dev", f"{bond}.{vlan}"])


def _ip(host: Host, words: Sequence[str]) -> None:
    done = host.run(["ip", "link", *words], check=False)
    if done.returncode:
        raise DriverRefused(f"{host.name}: ip link {' '.join(words)}", done.stderr.strip())
