"""Option arp_ip_target (HOWTO sections 2 and 8.2)."""

from __future__ import annotations

import pytest

from lab.cases import (
    BondDriver,
    BondHandle,
    Bonding,
    DriverRefused,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from testcases.arp_monitor import asks, configured, is_answer
from testcases.bounds import SLACK, seconds
from testcases.modes import MODES
from testcases.wire import Wire

INTERVAL = 200
MANY = tuple(f"10.0.0.{number}" for number in range(101, 118))
"""17 addresses, one more than the driver takes."""


def load(bed: Testbed, driver: BondDriver, mode: str, targets: str) -> tuple[BondHandle | None, str]:
    """The bond, none if the driver refuses; and what the driver says of it."""
    options = {"mode": mode, "arp_interval": "100", "arp_ip_target": targets}
    try:
        bond = driver.create(bed.host("host"), "bond0", options)
    except DriverRefused as refused:
        return None, refused.text
    return bond, bond.log()


@behaviour("2.arp_ip_target.comma-separated", "8.2.targets.sample-three")
@pytest.mark.parametrize("mode", MODES)
@needs(once=True)
def test_targets_are_separated_by_commas(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: load with the HOWTO's sample line of three targets, and with three others.

    Verify: these are the interval and the targets in force, in that order.
    """
    for targets in (("192.168.0.1", "192.168.0.3", "192.168.0.9"), ("10.0.0.3", "10.0.0.1", "10.0.0.2")):
        options = {"mode": mode, "arp_interval": "60", "arp_ip_target": ",".join(targets)}
        bond = driver.create(bed.host("host"), "bond0", options)
        bond.set_up(True)
        assert configured(bond) == (60, targets)
        bond.delete()


@behaviour("2.arp_ip_target.at-least-one")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_there_is_no_monitor_without_a_target(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: load with arp_interval and no target; listen for five intervals.

    Verify: a warning names the target that is missing, the interval is 0, no probe leaves and the slaves
    stay up.
    """
    bond = bonded(mode, arp_interval=INTERVAL)
    before = bond.status()
    wire.mark()
    never(lambda: bond.status() != before, during=seconds(5 * INTERVAL), what="a verdict")
    assert configured(bond) == (0, ())
    assert not wire.shares(lambda frame: asks("0.0.0.0")(frame) or is_answer(frame))
    assert "arp_ip_target" in bond.log()


@behaviour("2.arp_ip_target.maximum-16")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, once=True)
def test_each_of_16_targets_is_asked(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: 16 targets, all of them alive; listen for a little more than two intervals of 500 ms.

    Verify: all of them are in force; each is asked once per interval, and answers.
    """
    targets = MANY[:16]
    peer = bed.host("peer")
    addresses = "".join(f"address add {ip}/24 dev {peer.nics[0]}\n" for ip in targets)
    peer.run(["ip", "-batch", "-"], text_in=addresses)
    bond = bonded(mode, slaves=1, arp_interval=500, arp_ip_target=",".join(targets))
    assert configured(bond) == (500, targets)
    wire.mark()
    last = asks(targets[-1])
    eventually(lambda: len(wire.left_by("eth0", last)) >= 2, within=2.0, what="two rounds of probes")
    for target in targets:
        times = [seen.at_s for seen in wire.left_by("eth0", asks(target))][-2:]
        assert abs(times[1] - times[0] - 0.5) < seconds(SLACK), target
    assert len(wire.reached("eth0", is_answer)) >= 16


@behaviour("2.arp_ip_target.seventeenth-refused")
@pytest.mark.parametrize("mode", MODES)
@needs(once=True)
def test_a_17th_target_is_not_taken(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: load with 17 targets.

    Verify: an error names the option; the load is refused, or the 17th is not among the targets.
    """
    bond, said = load(bed, driver, mode, ",".join(MANY))
    assert "arp_ip_target" in said
    assert bond is None or configured(bond)[1] == MANY[:16]


@behaviour("2.arp_ip_target.dotted-quad")
@pytest.mark.parametrize("mode", MODES)
@needs(once=True)
def test_a_target_is_a_dotted_quad(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: load with a host's name, with an address whose last part is too great, with an address.

    Verify: for the first two there is an error or a warning that names the value, and it is no target; the
    last is taken.
    """
    for target in ("gateway", "10.0.0.999"):
        bond, said = load(bed, driver, mode, target)
        assert target in said
        if bond:
            assert configured(bond) == (0, ())
            bond.delete()
    bond, _ = load(bed, driver, mode, "10.0.0.9")
    assert bond
    assert configured(bond) == (100, ("10.0.0.9",))
