"""Kernel settings of the network namespace that the calling thread is in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# With br_netfilter loaded on the machine, its packet filter would see (and drop) what our bridges forward.
BRIDGES_UNFILTERED = {
    f"net/bridge/bridge-nf-call-{table}": "0" for table in ("arptables", "iptables", "ip6tables")
}


def set_sysctls(values: Mapping[str, str]) -> None:
    """Set each `net/...` key, a path below /proc/sys, where this kernel has it. Raises OSError."""
    for key, value in values.items():
        path = Path("/proc/sys") / key
        if path.exists():
            path.write_text(value)


def ipv6_settings(on: bool) -> dict[str, str]:
    """Settings that switch IPv6 on or off for all interfaces of a namespace, present and future."""
    value = "0" if on else "1"
    return {f"net/ipv6/conf/{which}/disable_ipv6": value for which in ("all", "default")}
