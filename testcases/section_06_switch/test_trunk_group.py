"""Modes that need the switch's ports grouped, and the one that does not (HOWTO section 6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab import frames
from lab.bonding import GROUP
from lab.cases import Bonding, StreamMaker, StreamReport, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.modes import SPREADING
from testcases.section_06_switch.mac_table import port_of_slave, ports_of
from testcases.wire import Wire


def neighbour_of(mac: str) -> str:
    """An address of nobody, which hashes to the other one of two slaves."""
    return f"{mac[:-2]}{int(mac[-2:], 16) ^ 0x41:02x}"


@behaviour("6.group.required")
@pytest.mark.parametrize("mode", SPREADING)
@needs(slaves=2, meeting=True, switch=True)
def test_these_modes_need_the_ports_grouped(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: traffic to two addresses and broadcasts back; on a plain learning switch, then on grouped ports.

    Verify: the plain switch sees the bond's address on both ports in turn, and the host hears the broadcasts
    twice and frames of its own; with the group, the address stays there and nothing comes twice or back.
    """
    bond = bonded(mode, trunk=False, miimon=100)
    mac = bond.host.mac(bond.name)
    ports = [port_of_slave(bed, number) for number in (0, 1)]
    switch = bed.switch("switch_a")
    other = neighbour_of(bed.host("peer").mac(bonded.peer_interface))

    def traffic(sampling: Callable[[], object]) -> StreamReport:
        wire.mark()
        with stream("out"), stream("out", dst_mac=other), stream("in", dst_mac=frames.BROADCAST) as back:
            back.wait_flowing()
            sampling()
        return back.report()

    def own_frames_back() -> int:
        own = frames.mac_bytes(mac)
        return sum(wire.arrivals(lambda frame: frame[6:12] == own).values())

    seen = ports_of(bed, "switch_a", mac)
    plain = traffic(lambda: eventually(seen, within=5.0, until=lambda at: at == set(ports)))
    assert plain.duplicates > 0
    assert own_frames_back() > 0
    switch.group(GROUP, ports)
    switch.flush()
    seen = ports_of(bed, "switch_a", mac)
    grouped = traffic(lambda: never(lambda: seen() - {GROUP}, during=0.5, what="the address moves"))
    assert seen() == {GROUP}
    assert grouped.duplicates == grouped.lost == own_frames_back() == 0


@behaviour("6.no-config.active-backup")
@needs(slaves=2, meeting=True, switch=True)
def test_active_backup_needs_no_configuration(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a plain learning switch; traffic both ways, broadcasts too; pull the cable of the active slave.

    Verify: no loss beyond the detection time, nothing comes twice, and the bond's address is at one port
    only: first the one, then the other.
    """
    bond = bonded("active-backup", miimon=100)
    ports = [port_of_slave(bed, number) for number in (0, 1)]
    mac = bond.host.mac(bond.name)
    with stream("out") as out, stream("in") as back, stream("in", dst_mac=frames.BROADCAST) as casts:
        out.wait_flowing()
        seen = ports_of(bed, "switch_a", mac)
        never(lambda: seen() - {ports[0]}, during=0.3, what="the address is not at the first port")
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            back.wait_flowing()
            seen = ports_of(bed, "switch_a", mac)
            never(lambda: seen() - {ports[1]}, during=0.3, what="the address is not at the second port")
    for report in (out.report(), back.report(), casts.report()):
        assert report.outage_ms <= detection()
        assert report.duplicates == 0
    assert set(wire.arrivals()) >= {"eth0", "eth1"}


@behaviour("6.group.nomenclature")
@needs(slaves=2, meeting=True, switch=True, once=True)
@pytest.mark.parametrize("mode", SPREADING)
def test_a_group_is_the_same_whatever_it_is_called(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: group the same ports as `etherchannel`, then as `trunk1`; traffic both ways each time.

    Verify: the same ports take part, the bond's address is at the group, nothing is lost and nothing comes
    twice.
    """
    bond = bonded(mode, trunk=False, miimon=100)
    mac, ports = bond.host.mac(bond.name), [port_of_slave(bed, number) for number in (0, 1)]
    switch = bed.switch("switch_a")
    for name in ("etherchannel", "trunk1"):
        switch.group(name, ports)
        switch.flush()
        with stream("out") as out, stream("in", dst_mac=frames.BROADCAST) as back:
            back.run(0.3)
        assert switch.members(name) == tuple(ports)
        assert ports_of(bed, "switch_a", mac)() == {name}
        if mode != "broadcast":  # whose copies are its purpose
            assert out.report().duplicates == 0
        assert [back.report().duplicates, back.report().lost, out.report().lost] == [0, 0, 0]
        switch.ungroup(name)
