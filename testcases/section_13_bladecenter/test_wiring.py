"""How the blades are wired to the I/O modules (HOWTO section 13.1)."""

from __future__ import annotations

from lab import frames
from lab.cases import Bonding, Port, StreamMaker, Testbed, behaviour, eventually, needs, send_frames
from lab.faults import CablePull, PowerOff
from testcases.bounds import detection, seconds
from testcases.links import has_carrier
from testcases.section_06_switch.mac_table import port_of_slave, ports_of
from testcases.section_13_bladecenter.chassis import blades, first_hop


@behaviour("13.1.wiring.two-ports")
@needs(traits=("chassis", "esm"), roles=("neighbour",))
def test_eth0_goes_to_module_1_and_eth1_to_module_2(bed: Testbed, bonded: Bonding) -> None:
    """Steps: look where the NICs of all blades lead; take the power from module 1, a switch module.

    Verify: every eth0 loses its link and every eth1 keeps it; the bond of the first blade sees just that.
    (The chassis has two blades here.)
    """
    bond = bonded("active-backup", miimon=100)
    for blade in blades(bed):
        assert first_hop(bed, blade, "eth0") == bed.switch("switch_a").name
        assert first_hop(bed, blade, "eth1") == bed.switch("switch_b").name
    with PowerOff(bed, bed.switch("switch_a")):
        links = {nic: {has_carrier(blade, nic) for blade in blades(bed)} for nic in ("eth0", "eth1")}
        assert links == {"eth0": {False}, "eth1": {True}}
        eventually(lambda: bond.status().slave("eth0").mii_status == "down", seconds(detection()))
        assert bond.status().slave("eth1").mii_status == "up"


@behaviour("13.1.wiring.daughter-card")
@needs(slaves=4, traits=("card",), roles=("neighbour", "switch_c", "switch_d"))
def test_a_daughter_card_leads_to_modules_3_and_4(bed: Testbed, bonded: Bonding) -> None:
    """Steps: look where the four NICs of all blades lead; take the power from module 3.

    Verify: each NIC leads to the module of its number; every eth2 loses its link and no other NIC does; the
    bond of the first blade sees just that, and is whole again when the power is back.
    """
    bond = bonded("active-backup", slaves=4, miimon=100)
    for blade in blades(bed):
        for nic, letter in zip(blade.nics, "abcd", strict=True):
            assert first_hop(bed, blade, nic) == bed.switch(f"switch_{letter}").name

    def down() -> list[str]:
        return [slave.name for slave in bond.status().slaves if slave.mii_status != "up"]

    with PowerOff(bed, bed.switch("switch_c")):
        for blade in blades(bed):
            assert [nic for nic in blade.nics if not has_carrier(blade, nic)] == ["eth2"]
        eventually(lambda: down() == ["eth2"], seconds(detection()), what="eth2 alone is down")
    eventually(lambda: down() == [], seconds(detection()), what="all are up")


@behaviour("13.1.wiring.module-kinds")
@needs(traits=("chassis", "esm", "opm"))
def test_a_module_is_a_switch_or_passes_through(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: module 1 a switch, module 2 a passthrough; frames leave by eth0, then by eth1.

    Verify: first the internal switch learns the bond's address at the blade's port and the external one
    at its uplink; then the external one does at the port behind module 2.
    """
    bond = bonded("active-backup", miimon=100)
    mac = bond.host.mac(bond.name)
    uplink = bed.cable("uplink_a").cable.other_end(bed.switch("switch_a").name)
    with stream("out") as out:
        out.wait_flowing()
        assert ports_of(bed, "switch_a", mac)() == {port_of_slave(bed, 0)}
        assert ports_of(bed, "external", mac)() == {uplink.name}
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()
            assert ports_of(bed, "external", mac)() == {port_of_slave(bed, 1)}
    assert bed.switch("switch_b").name == bed.switch("external").name


@behaviour("13.1.topology.esm-different-switches")
@needs(traits=("chassis", "esm"), without=("opm",), roles=("neighbour", "uplink_a", "uplink_b"))
def test_switch_modules_without_a_link_know_their_own_ports_only(bed: Testbed, bonded: Bonding) -> None:
    """Steps: two switch modules, their uplinks pulled; every blade NIC in use sends a broadcast; then the
    bond of the first blade fails over.

    Verify: each module knows the addresses of what is cabled to it, at the ports of the blades, and no other.
    """
    host, neighbour = blades(bed)
    with CablePull(bed, bed.cable("uplink_a")), CablePull(bed, bed.cable("uplink_b")):
        bond = bonded("active-backup", miimon=100)
        macs = {"bond": host.mac(bond.name), **{nic: neighbour.mac(nic) for nic in neighbour.nics}}
        for module in ("switch_a", "switch_b"):
            bed.switch(module).flush()
        for sender, nic, mac in (
            (host, bond.name, macs["bond"]),
            *((neighbour, nic, macs[nic]) for nic in neighbour.nics),
        ):
            send_frames(sender, nic, [frames.arp_request(mac, "10.0.0.9", "10.0.0.8")])

        def table(module: str) -> set[tuple[str, str]]:
            return {(row.mac, row.port) for row in bed.switch(module).mac_table()}

        beside = [bed.topology.far_end(Port(neighbour.name, nic)).name for nic in neighbour.nics]
        own = [port_of_slave(bed, number) for number in (0, 1)]
        first = {(macs["bond"], own[0]), (macs["eth0"], beside[0])}
        eventually(lambda: table("switch_a"), within=2.0, until=lambda rows: rows == first)
        second = {(macs["eth1"], beside[1])}
        eventually(lambda: table("switch_b"), within=2.0, until=lambda rows: rows == second)
        with CablePull(bed, bed.slave_cable(0)):
            second.add((macs["bond"], own[1]))
            eventually(
                lambda: table("switch_b"), within=seconds(detection()), until=lambda rows: rows == second
            )


@behaviour("13.1.topology.opm-common-switch")
@needs(traits=("chassis", "opm"), without=("esm",))
def test_passthrough_modules_lead_to_one_switch(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: two passthrough modules; disable one port of the external switch, then the other, in turn.

    Verify: the blade's link follows the external port, so the bond does, too; the external switch learns the
    bond's address at whichever port is left.
    """
    bond = bonded("active-backup", miimon=100)
    host, external = bed.host("host"), bed.switch("external")
    mac = host.mac(bond.name)
    ports = [port_of_slave(bed, number) for number in (0, 1)]
    assert {first_hop(bed, host, nic) for nic in ("eth0", "eth1")} == {external.name}
    with stream("out") as out:
        for off, on in ((0, 1), (1, 0)):
            external.port_admin(ports[off], False)
            eventually(lambda: not has_carrier(host, f"eth{off}"), within=0.5)  # noqa: B023
            assert has_carrier(host, f"eth{on}")
            eventually(lambda: bond.status().active == f"eth{on}", within=seconds(detection()))  # noqa: B023
            out.wait_flowing()
            assert ports_of(bed, "external", mac)() == {ports[on]}
            external.port_admin(ports[off], True)
            eventually(lambda: has_carrier(host, f"eth{off}"), within=0.5)  # noqa: B023
            eventually(
                lambda: bond.status().slave(f"eth{off}").mii_status == "up",  # noqa: B023
                within=seconds(detection()),
            )
