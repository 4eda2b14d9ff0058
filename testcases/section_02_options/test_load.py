"""Options are handed over when the driver is loaded (HOWTO section 2)."""

from __future__ import annotations

import json
import re

import pytest

from lab.cases import BondDriver, DriverRefused, Testbed, behaviour, needs
from lab.hosts.base import Host
from testcases.modes import MODES

PRETTY = {
    "balance-rr": "load balancing (round-robin)",
    "active-backup": "fault-tolerance (active-backup)",
    "balance-xor": "load balancing (xor)",
    "broadcast": "fault-tolerance (broadcast)",
}


def devices(host: Host) -> set[str]:
    """Names of the network interfaces of the host."""
    return {link["ifname"] for link in json.loads(host.run(["ip", "-j", "link", "show"]).stdout)}


@behaviour("2.options.default-when-unset", "2.mode.default", "2.miimon.default", "2.use_carrier.default")
@needs(once=True)
def test_parameters_left_out_take_their_defaults(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load the driver without any option.

    Verify: one bond device; mode balance-rr, no monitor, no delays, use_carrier on, lacp_rate slow, no
    primary.
    """
    host = bed.host("host")
    before = devices(host)
    bond = driver.create(host, "bond0", {})
    assert devices(host) - before == {"bond0"}
    status, in_force = bond.status(), bond.options()
    assert (status.mode, status.pretty_mode) == ("balance-rr", PRETTY["balance-rr"])
    assert (status.miimon_ms, status.updelay_ms, status.downdelay_ms) == (0, 0, 0)
    assert (status.arp_interval_ms, status.arp_targets, status.primary) == (0, (), None)
    assert (in_force["arp_interval"], in_force["arp_ip_target"], in_force["primary"]) == ("0", "", "")
    assert in_force["use_carrier"] in ("1", "on")
    assert in_force["lacp_rate"] == "slow"


@behaviour("2.miimon.default")
@needs(once=True)
@pytest.mark.parametrize("mode", MODES)
def test_there_is_no_monitor_by_default(bed: Testbed, driver: BondDriver, mode: str) -> None:
    """Steps: load with a mode and nothing else.

    Verify: the polling interval is 0.
    """
    bond = driver.create(bed.host("host"), "bond0", {"mode": mode})
    assert (bond.status().mode, bond.status().miimon_ms) == (mode, 0)


@behaviour("2.options.load-time")
@needs(once=True)
def test_options_hold_from_the_first_moment(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load with mode=active-backup miimon=100.

    Verify: the first status shows both, before anything else is done.
    """
    bond = driver.create(bed.host("host"), "bond0", {"mode": "active-backup", "miimon": "100"})
    status = bond.status()
    assert (status.mode, status.miimon_ms) == ("active-backup", 100)


@behaviour(
    "2.mode.value.balance-rr",
    "2.mode.value.active-backup",
    "2.mode.value.balance-xor",
    "2.mode.value.broadcast",
)
@needs(once=True)
def test_a_mode_has_a_name_and_a_number(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load each mode by name, then by number.

    Verify: both give the same status, with the mode's line.
    """
    for number, mode in enumerate(MODES):
        texts = []
        for value in (mode, str(number)):
            bond = driver.create(bed.host("host"), "bond0", {"mode": value})
            assert (bond.status().mode, bond.status().pretty_mode) == (mode, PRETTY[mode])
            texts.append(bond.proc_text())
            bond.delete()
        assert texts[0] == texts[1]


@behaviour("2.mode.invalid")
@needs(once=True)
@pytest.mark.parametrize("value", ["7", "balance"])
def test_anything_else_is_not_a_mode(bed: Testbed, driver: BondDriver, value: str) -> None:
    """Steps: load with mode=7, and with mode=balance, the beginning of a mode's name.

    Verify: the driver refuses with an error that names the value, and there is no bond.
    """
    host = bed.host("host")
    with pytest.raises(DriverRefused) as refused:
        driver.create(host, "bond0", {"mode": value})
    assert re.search(rf"""['"(]{value}['")]""", refused.value.text)
    assert "bond0" not in devices(host)


@behaviour("2.options.errors-in-log")
@needs(once=True)
def test_what_is_wrong_with_options_is_said(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load with mode=nonsense, then with updelay=150 miimon=100.

    Verify: the refusal names option and value; so does a line in the log of the bond that is made.
    """
    host = bed.host("host")
    with pytest.raises(DriverRefused) as refused:
        driver.create(host, "bond0", {"mode": "nonsense"})
    assert "mode" in refused.value.text
    assert re.search(r"""['"(]nonsense['")]""", refused.value.text)
    bond = driver.create(host, "bond0", {"updelay": "150", "miimon": "100"})
    assert any("updelay" in line and "150" in line for line in bond.log().splitlines())
