"""Every interface is given back as it was by a daemon that goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.lab import Daemon, Lab, eventually, exists, ip, run, state
from tests.runtime.taken import NICS, enslave_both, journals, now

pytestmark = pytest.mark.root


def test_release(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    for nic in NICS:
        bondd.control.call("release", bond="bond0", slave=nic)
    assert now() == before
    assert not journals(lab)


def test_delete(before: dict[str, Any], bondd: Daemon) -> None:
    enslave_both(bondd)
    bondd.control.call("delete", bond="bond0")
    assert now() == before
    assert not exists("bond0")


def test_users_own_tc_filters_stay(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    run("tc", "qdisc", "add", "dev", "eth0", "clsact")
    program = ("bpf", "bytecode", "1,6 0 0 0", "direct-action")
    run("tc", "filter", "add", "dev", "eth0", "ingress", "pref", "7", *program)
    with_filter = state("eth0")
    bondd.add("bond0", "eth0", mode="active-backup")
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert state("eth0") == with_filter


def test_ipv6_that_was_off_stays_off(lab: Lab, bondd: Daemon) -> None:
    switch = Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
    switch.write_text("1")
    bondd.add("bond0", "eth0", mode="active-backup")
    bondd.control.call("release", bond="bond0", slave="eth0")
    assert switch.read_text() == "1\n"


def test_refused_slave_is_left_alone(lab: Lab, before: dict[str, Any], bondd: Daemon) -> None:
    """Steps: the bond's MTU is more than the second slave can. Verify: nothing of it has changed."""
    ip("tuntap", "add", "dev", "short0", "mode", "tap")
    try:
        # Another daemon's shield makes attaching fail; a MTU it cannot have makes a later step fail.
        bondd.add("bond0", "eth0", mode="active-backup")
        ip("link", "set", "dev", "bond0", "mtu", "65521")
        eventually(lambda: state("eth0")["mtu"] == 65521)
        lowered = state("short0")
        run("tc", "qdisc", "add", "dev", "eth1", "clsact")
        foreign = ("handle", "0xb0d", "bpf", "bytecode", "1,6 0 0 2", "direct-action")
        run("tc", "filter", "add", "dev", "eth1", "ingress", "pref", "1", "protocol", "all", *foreign)
        held = state("eth1")
        refused = bondd.bondctl("enslave", "bond0", "eth1")
        assert refused.returncode == 1
        assert refused.stderr == "bondctl: eth1: another bondd holds this interface\n"
        assert state("eth1") == held
        assert state("short0") == lowered
        assert "eth1" not in journals(lab)[0].read_text()
    finally:
        ip("link", "del", "dev", "short0")
