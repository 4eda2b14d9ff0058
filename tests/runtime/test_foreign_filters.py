"""Traffic control filters of the user's on a slave stay where they are."""

from __future__ import annotations

import pytest

from tests.runtime.lab import Daemon, Lab, run

pytestmark = pytest.mark.root

PASS = ("bpf", "bytecode", "1,6 0 0 0", "direct-action")


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_filter_added_to_a_slave_outlives_the_release(lab: Lab, bondd: Daemon, direction: str) -> None:
    bondd.add("bond0", "eth0", "eth1")
    run("tc", "filter", "add", "dev", "eth0", direction, "pref", "77", "protocol", "all", *PASS)
    assert bondd.bondctl("release", "bond0", "eth0", "eth1").returncode == 0
    left = run("tc", "filter", "show", "dev", "eth0", direction).stdout
    assert "pref 77" in left
    assert "0xb0d" not in run("tc", "filter", "show", "dev", "eth0", "ingress").stdout
    assert "clsact" not in run("tc", "qdisc", "show", "dev", "eth1").stdout
