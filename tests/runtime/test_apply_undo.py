"""`bondctl apply` that fails half way: interfaces are as they were, addresses and routes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bondimpl.errors import MachineError
from bondimpl.runtime.addressing import put_back
from tests.runtime.lab import Daemon, Lab, run, state

pytestmark = pytest.mark.root

FILES = {
    "ifcfg-bond0": "DEVICE=bond0\nIPADDR=10.7.0.1\nNETMASK=255.255.255.0\nONBOOT=yes\nBOOTPROTO=none\n",
    "ifcfg-eth0": "DEVICE=eth0\nMASTER=bond0\nSLAVE=yes\nONBOOT=yes\nBOOTPROTO=none\n",
    "ifcfg-bond1": "DEVICE=bond1\nONBOOT=yes\nBOOTPROTO=none\n",
    "ifcfg-eth1": "DEVICE=eth1\nMASTER=bond1\nSLAVE=yes\nONBOOT=yes\nBOOTPROTO=none\n",
    "modules.conf": "alias bond0 bonding\nalias bond1 bonding\noptions bond1 -o bond1\n",
}
GIVEN = """
address add 10.5.0.1/24 dev eth0 label eth0:x
address add fd00:5::1/64 dev eth0 nodad
route add 10.6.0.0/16 via 10.5.0.2 metric 7
route add 192.0.2.1 dev eth0 scope link
route add fd00:6::/32 via fd00:5::2
route add fd00:7::/32 dev eth0 metric 50
"""


def addressing(name: str) -> list[object]:
    """Addresses and routes of an interface, but for the link-local address, which the kernel makes anew."""
    (link,) = json.loads(run("ip", "-json", "address", "show", "dev", name).stdout)
    routes = [
        json.loads(run("ip", family, "-json", "-details", "route", "show", "dev", name).stdout)
        for family in ("-4", "-6")
    ]
    given = [each for each in link["addr_info"] if each["scope"] != "link"]
    return [given, *(sorted(map(str, each)) for each in routes)]


def apply_in_vain(bondd: Daemon, directory: Path) -> None:
    """The second bond is refused its slave, so that the first one is undone."""
    for name, text in FILES.items():
        (directory / name).write_text(text)
    bondd.add("other", "eth1")
    done = bondd.bondctl("apply", str(directory), "--dialect", "initscripts")
    assert done.returncode == 1
    assert done.stderr == "bondctl: eth1 belongs to other already\n"
    assert bondd.control.call("list") == ["other"]


def test_addresses_and_routes_are_back(lab: Lab, bondd: Daemon, tmp_path: Path) -> None:
    run("ip", "link", "set", "eth0", "up")
    run("ip", "-batch", "-", text=GIVEN)
    before, state_before = addressing("eth0"), state("eth0")
    assert len(before[1]) == 3, before  # type: ignore[arg-type]
    apply_in_vain(bondd, tmp_path)
    assert addressing("eth0") == before
    assert state("eth0") == state_before


def test_a_route_by_a_nexthop_object_is_back_by_its_gateway(lab: Lab, bondd: Daemon, tmp_path: Path) -> None:
    """The object itself goes with the interface."""
    run("ip", "link", "set", "eth0", "up")
    run("ip", "address", "add", "10.5.0.1/24", "dev", "eth0")
    run("ip", "nexthop", "add", "id", "77", "via", "10.5.0.2", "dev", "eth0")
    run("ip", "route", "add", "10.8.0.0/16", "nhid", "77")
    apply_in_vain(bondd, tmp_path)
    (route,) = json.loads(run("ip", "-json", "route", "show", "10.8.0.0/16").stdout)
    assert (route["gateway"], route["dev"]) == ("10.5.0.2", "eth0")


def test_what_is_refused_keeps_nothing_else_away() -> None:
    class Refusing:
        """Refuses two of what it is asked for, and has another one already."""

        asked: ClassVar[list[bytes]] = []

        def change(self, what: str, _kind: int, body: bytes, _flags: int) -> None:
            self.asked.append(body)
            if body in (b"two", b"three", b"four"):
                raise MachineError(f"{what}: {body!r}", "EEXIST" if body == b"two" else "EINVAL")

    rtnetlink: Any = Refusing()
    bodies = (b"one", b"two", b"three", b"four", b"five")
    with pytest.raises(MachineError, match="three"):
        put_back(rtnetlink, "eth0", tuple((24, body) for body in bodies))
    assert tuple(Refusing.asked) == bodies
