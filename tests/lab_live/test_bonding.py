"""Bonds of bondimpl set up by `bonded`, on each kind of topology, carrying traffic."""

from __future__ import annotations

import pytest

from lab.bonding import GROUP
from lab.cases import Bonding, Capture, DriverRefused, LabError, StreamMaker, Testbed, needs
from lab.errors import DriverDied
from lab.topology import Topology

MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast")


@pytest.mark.parametrize("mode", MODES)
@needs(slaves=4, switch=False)
def test_back_to_back_the_peer_is_bonded_too(bonded: Bonding, stream: StreamMaker, mode: str) -> None:
    bond = bonded(mode, slaves=3, miimon=50)
    view = bond.status()
    assert (view.mode, view.slave_names, view.miimon_ms) == (mode, ("eth0", "eth1", "eth2"), 50)
    assert bonded.peer_bond is not None
    peer = bonded.peer_bond.status()
    assert peer.slave_names == ("eth0", "eth1", "eth2")
    assert {slave.failures for slave in (*view.slaves, *peer.slaves)} == {0}
    assert view.active == peer.active
    for direction in ("out", "in"):
        with stream(direction) as s:
            s.wait_sent(50)
        assert s.report().lost == 0, direction


@pytest.mark.parametrize("mode", MODES)
@needs(slaves=4, switch=True, meeting=True)
def test_on_one_switch_ports_are_grouped_where_the_mode_wants_it(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, mode: str
) -> None:
    bonded(mode, slaves=2, miimon=50)
    bed.host("host").run(["ping", "-c", "1", "-W", "2", "10.0.0.2"])
    bed.host("host").run(["ping", "-c", "1", "-W", "2", "10.0.0.3"])
    with stream() as s:
        s.wait_sent(50)
    assert s.report().lost == 0
    table = {
        row.port for row in bed.switch("switch_a").mac_table() if row.mac == bed.host("host").mac("bond0")
    }
    assert table == ({GROUP} if mode != "active-backup" else {"p1"})


@needs(slaves=2, meeting=False)
def test_on_two_switches(topology: Topology, bed: Testbed, bonded: Bonding) -> None:
    bonded("active-backup", slaves=2, miimon=50)
    bed.host("host").run(["ping", "-c", "1", "-W", "2", "10.0.0.2"])


def test_slaves_by_name_and_in_that_order(bonded: Bonding) -> None:
    assert bonded(slaves=("eth2", "eth0"), miimon=50).status().slave_names == ("eth2", "eth0")


def test_what_the_driver_refuses(bonded: Bonding) -> None:
    with pytest.raises(DriverRefused, match="host2: add bond0 mode=square-robin: option mode") as caught:
        bonded("square-robin", ready=False)
    assert "square-robin" in caught.value.text
    bond = bonded(miimon=50)
    with pytest.raises(DriverRefused, match="host1: enslave bond0 eth9"):
        bond.enslave("eth9")


def test_more_slaves_than_nics(bonded: Bonding) -> None:
    with pytest.raises(LabError, match="5 slaves wanted, host1 has 4 NICs"):
        bonded(slaves=5)


def test_stream_before_there_is_a_bond(stream: StreamMaker) -> None:
    with pytest.raises(LabError, match="made before by bonded"):
        stream()


def test_a_dead_daemon_is_the_drivers_fault(bonded: Bonding) -> None:
    bond = bonded(miimon=50)
    daemon = bonded.drivers.userspace.daemon(bond.host)
    daemon.process.stop()
    with pytest.raises(DriverDied, match=r"bondd on host1 ended with status .* \(asked for: proc\)"):
        bond.status()


def test_handles(bonded: Bonding, capture: Capture) -> None:
    bond = bonded(miimon=50)
    assert "bond0" in bond.log()
    bond.release("eth1")
    assert bond.status().slave_names == ("eth0",)
    bond.set("miimon", "200")
    assert bond.status().miimon_ms == 200
    bond.delete()
    assert bond.host.name not in [other.host.name for other in bonded.drivers.bonds]
