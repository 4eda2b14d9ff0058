"""The view of ifconfig: that of bondctl where a bond is in user space, of the net-tools elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from lab.cases import BondDriver
from lab.drivers.userspace import UserspaceDriver
from lab.hosts.base import Host

_FLAGS_OLD = re.compile(r"^ +((?:[A-Z]+ )*[A-Z]+) +MTU:\d+", re.M)
_FLAGS_NEW = re.compile(r"flags=\d+<([A-Z,]*)>")
_ADDRESS = re.compile(r"inet (?:addr:)?(\S+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """One interface of the listing; `text` is all that was said of it."""

    flags: frozenset[str]
    addresses: tuple[str, ...]
    text: str


def parsed(text: str) -> dict[str, Shown]:
    """The interfaces by name. In the HOWTO's form, with or without addresses, or that of newer net-tools."""
    found = {}
    for block in re.split(r"\n(?=\S)", text.strip("\n")):
        name = re.split(r"[:\s]", block, maxsplit=1)[0]
        old, new = _FLAGS_OLD.search(block), _FLAGS_NEW.search(block)
        assert old or new, f"no flags in {block!r}"
        flags = old[1].split() if old else new[1].split(",") if new else []
        found[name] = Shown(frozenset(flags), tuple(_ADDRESS.findall(block)), block)
    return found


def listed(host: Host, driver: BondDriver, *names: str) -> dict[str, Shown]:
    """These interfaces as the listing has them. Skips the case where there is no such program."""
    if isinstance(driver, UserspaceDriver):
        tool = ["env", f"BONDD_SOCKET={driver.daemon(host).socket}", "bondctl", "ifconfig"]
    elif host.run(["sh", "-c", "command -v ifconfig"], check=False).returncode:
        pytest.skip("no ifconfig on this machine: Debian's package net-tools")
    else:
        tool = ["ifconfig"]
    return parsed("\n".join(host.run([*tool, name]).stdout for name in names))
