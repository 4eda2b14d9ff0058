"""`bondctl apply` that fails half way: interfaces are as they were, addresses and routes with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_addresses_and_routes_are_back(lab: Lab, bondd: Daemon, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    run("ip", "link", "set", "eth0", "up")
    run("ip", "-batch", "-", text=GIVEN)
    before, state_before = addressing("eth0"), state("eth0")
    assert len(before[1]) == 3, before  # type: ignore[arg-type]
    bondd.add("other", "eth1")  # so that the second bond is refused its slave
    done = bondd.bondctl("apply", str(tmp_path), "--dialect", "initscripts")
    assert done.returncode == 1
    assert done.stderr == "bondctl: eth1 belongs to other already\n"
    assert bondd.control.call("list") == ["other"]
    assert addressing("eth0") == before
    assert state("eth0") == state_before
