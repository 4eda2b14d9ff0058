"""Transmit queues of interfaces."""

from __future__ import annotations

import json

from lab.hosts.base import Host

LENGTHS = {"eth0": 100, "eth1": 77}


def set_lengths(host: Host) -> None:
    """Give the NICs queues of their own lengths, in frames."""
    for nic, length in LENGTHS.items():
        host.run(["ip", "link", "set", "dev", nic, "txqueuelen", str(length)])


def lengths(host: Host, *names: str) -> dict[str, int]:
    """The queue length of each interface, in frames."""
    shown = {name: host.run(["ip", "-j", "link", "show", "dev", name]).stdout for name in names}
    return {name: json.loads(text)[0].get("txqlen", 0) for name, text in shown.items()}
