"""The status text of a bond, /proc/net/bonding/bond0 (HOWTO section 5.1)."""

from __future__ import annotations

import re

import pytest

from lab.cases import BondDriver, Bonding, DriverRefused, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.links import has_carrier
from testcases.modes import ADAPTIVE, EVERY, MODES
from testcases.wire import Wire

SLAVE_LINES = ("Slave Interface", "MII Status", "Link Failure Count")


@behaviour("5.1.proc.contents")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=3, meeting=True)
def test_it_tells_options_and_the_state_of_each_slave(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: three slaves; pull the cable of the third; read the text; then traffic.

    Verify: mode, monitor and delays are those asked for; each slave has a block, and of the three only the
    third is down; no frame is given to the slave that is shown as down, and none is lost.
    """
    bond = bonded(mode, slaves=3, miimon=100, updelay=200)
    with CablePull(bed, bed.slave_cable(2)):
        eventually(lambda: bond.status().slave("eth2").mii_status == "down", within=seconds(detection()))
        view = bond.status()
        wire.mark()
        with stream("out") as out:
            out.run(0.2)
        assert out.report().lost == 0
        assert set(wire.shares()) <= {"eth0", "eth1"}
    assert (view.mode, view.miimon_ms, view.updelay_ms, view.downdelay_ms) == (mode, 100, 200, 0)
    assert {s.name: s.mii_status for s in view.slaves} == {"eth0": "up", "eth1": "up", "eth2": "down"}


@behaviour("5.1.proc.version-line")
@needs(slaves=1, once=True)
def test_the_first_line_names_the_driver(bed: Testbed, driver: BondDriver) -> None:
    """Steps: make a bond without slaves; read the text.

    Verify: its first line is the driver's name and version, with or without a date.
    """
    bond = driver.create(bed.host("host"), "bond0", {})
    first = bond.proc_text().splitlines()[0]
    assert re.fullmatch(r"Ethernet Channel Bonding Driver: v?\d+(\.\d+)+\S*( \(\w+ \d+, \d{4}\))?", first)


@behaviour("5.1.proc.read-only")
@needs(slaves=2, once=True)
def test_the_file_can_only_be_read(bonded: Bonding) -> None:
    """Steps: root looks at the mode of the file, reads it, and tries to write to it.

    Verify: everybody may read it and nobody write; the attempt fails and changes nothing.
    """
    bond = bonded("active-backup", miimon=100)
    path, before = bond.proc_file(), bond.proc_text()
    assert bond.host.run(["cat", path]).stdout == before
    assert bond.host.run(["stat", "-c", "%a", path]).stdout.strip() == "444"
    written = bond.host.run(["sh", "-c", 'echo "Bonding Mode: none" >"$1"', "write", path], check=False)
    assert written.returncode != 0
    assert bond.proc_text() == before


@behaviour("5.1.proc.mode-line")
@pytest.mark.parametrize("mode", ["0", "balance-rr"])
@needs(slaves=1, once=True)
def test_the_mode_is_shown_in_words(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: make a bond of mode 0, called by number and by name; read the text.

    Verify: the mode's line is the one of the HOWTO's sample.
    """
    bond = driver.create(bed.host("host"), "bond0", {"mode": mode})
    assert "Bonding Mode: load balancing (round-robin)" in bond.proc_text().splitlines()


@behaviour("5.1.proc.active-slave-line")
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup"])
@needs(slaves=2)
def test_the_line_of_the_active_slave_names_one_in_use(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: read the text; pull the cable of the active slave, then that of the other.

    Verify: the line names eth0, then eth1, then None; what it names carries the traffic.
    """
    bond = bonded(mode, miimon=100)

    def named(slave: str) -> bool:
        return f"Currently Active Slave: {slave}" in bond.proc_text().splitlines()

    assert named("eth0")
    with CablePull(bed, bed.slave_cable(0)):
        eventually(lambda: named("eth1"), within=seconds(detection()))
        wire.mark()
        with stream("out") as out:
            out.run(0.2)
        assert set(wire.shares()) == {"eth1"}
        with CablePull(bed, bed.slave_cable(1)):
            eventually(lambda: named("None"), within=seconds(detection()))


@behaviour("5.1.proc.bond-mii-status")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_the_bond_is_down_while_no_slave_is_usable(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: pull the cables of both slaves; plug one in.

    Verify: the bond's MII Status goes from up to down and back within the detection time, and so does the
    carrier of its device; traffic passes again when it is up.
    """
    bond = bonded(mode, miimon=100)

    def now() -> tuple[str, bool]:
        return bond.status().mii_status, has_carrier(bond.host, bond.name)

    assert now() == ("up", True)
    with CablePull(bed, bed.slave_cable(0)), CablePull(bed, bed.slave_cable(1)) as second:
        eventually(now, seconds(detection()), until=lambda seen: seen == ("down", False))
        second.heal()
        eventually(now, seconds(detection()), until=lambda seen: seen == ("up", True))
        with stream("out") as out:
            out.wait_flowing()


@behaviour("5.1.proc.polling-and-delays")
@needs(slaves=1, once=True)
def test_polling_interval_and_delays_are_shown_in_ms(bed: Testbed, driver: BondDriver) -> None:
    """Steps: a bond polled every 1000 ms, and one with delays that are no multiple of its interval.

    Verify: 1000/0/0 and, the delays rounded down, 100/200/100.
    """
    host = bed.host("host")
    asked_and_shown = (
        ({"miimon": "1000"}, (1000, 0, 0)),
        ({"miimon": "100", "updelay": "250", "downdelay": "199"}, (100, 200, 100)),
    )
    for number, (options, (poll, up, down)) in enumerate(asked_and_shown):
        lines = driver.create(host, f"bond{number}", options).proc_text().splitlines()
        assert f"MII Polling Interval (ms): {poll}" in lines
        assert f"Up Delay (ms): {up}" in lines
        assert f"Down Delay (ms): {down}" in lines


@behaviour("5.1.proc.slave-block")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, once=True)
def test_each_slave_has_a_block_of_its_own(mode: str, bonded: Bonding) -> None:
    """Steps: enslave eth1, then eth0; read the text.

    Verify: one block for each (in whatever order), with name, MII status and failure count in this order;
    drivers of other releases have more lines between them.
    """
    bond = bonded(mode, slaves=("eth1", "eth0"), miimon=100)
    blocks = [block.splitlines() for block in bond.proc_text().split("\n\n") if "Slave Interface:" in block]
    for block in blocks:
        labels = [line.partition(":")[0] for line in block]
        assert tuple(label for label in labels if label in SLAVE_LINES) == SLAVE_LINES
    assert sorted(block[0] for block in blocks) == ["Slave Interface: eth0", "Slave Interface: eth1"]


@behaviour("5.1.proc.link-failure-count")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_link_failures_are_counted(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: three times, pull the cable of eth1 until its slave is down, then plug it in until it is up.

    Verify: eth1 counts three failures, eth0 none.
    """
    bond = bonded(mode, miimon=100)
    for _ in range(3):
        with CablePull(bed, bed.slave_cable(1)):
            eventually(lambda: bond.status().slave("eth1").mii_status == "down", seconds(detection()))
        eventually(lambda: bond.status().slave("eth1").mii_status == "up", seconds(detection()))
    assert {slave.name: slave.failures for slave in bond.status().slaves} == {"eth0": 0, "eth1": 3}


@behaviour("5.1.proc.file-per-bond")
@needs(slaves=1, once=True)
def test_each_bond_has_a_text_of_its_own_and_takes_it_along(bed: Testbed, driver: BondDriver) -> None:
    """Steps: three bonds, all different; remove the second.

    Verify: each name leads to the text of that bond; that of the removed one is refused, the others stay.
    """
    modes = {"bond0": "balance-rr", "bond1": "active-backup", "bond2": "broadcast"}
    bonds = {name: driver.create(bed.host("host"), name, {"mode": mode}) for name, mode in modes.items()}
    assert {name: bond.status().mode for name, bond in bonds.items()} == modes
    bonds["bond1"].delete()
    with pytest.raises(DriverRefused):
        bonds["bond1"].proc_text()
    assert {name: bonds[name].status().mode for name in ("bond0", "bond2")} == {
        "bond0": "balance-rr",
        "bond2": "broadcast",
    }


@behaviour("5.1.proc.format-varies")
@needs(slaves=1, once=True)
def test_the_text_shows_what_mode_and_monitor_have(bed: Testbed, driver: BondDriver) -> None:
    """Steps: a bond of each mode with the MII monitor, and of each that has it with the ARP monitor.

    Verify: each text can be read; the data of 802.3ad are there in that mode, the primary in those that have
    one, the interval of the monitor that is asked for and no other, and with it the ARP targets. The text of
    2.6.12 has no lines for the ARP monitor, so that it may show neither.
    """
    host, arp = bed.host("host"), {"arp_interval": "200", "arp_ip_target": "10.0.0.2,10.0.0.3"}
    monitors = ({"miimon": "100"}, arp)
    wanted = [(mode, monitor) for mode in EVERY for monitor in monitors]
    wanted = [(mode, monitor) for mode, monitor in wanted if monitor is not arp or mode in MODES]
    with_primary = ("active-backup", *ADAPTIVE)
    for number, (mode, monitor) in enumerate(wanted):
        primary = {"primary": "eth0"} if mode in with_primary else {}
        bond = driver.create(host, f"bond{number}", {"mode": mode, **monitor, **primary})
        text, view = bond.proc_text(), bond.status()
        assert view.mode == mode
        assert ("802.3ad info" in text) == (view.ad is not None) == (mode == "802.3ad")
        assert ("Primary Slave:" in text) == (mode in with_primary)
        assert view.miimon_ms == (0 if monitor is arp else 100)
        targets = ("10.0.0.2", "10.0.0.3") if monitor is arp and "ARP" in text else ()
        assert (view.arp_interval_ms, view.arp_targets) == (200 if targets else 0, targets)
