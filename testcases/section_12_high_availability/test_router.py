"""Everything passes a single router: to the link it is one peer (HOWTO section 12.1.1, balance-xor)."""

from __future__ import annotations

from lab import frames
from lab.cases import HOST_IP, Bonding, Capture, Port, Testbed, behaviour, eventually, needs
from testcases.bursts import BURST_FLOW, CARRIED_S, carried, is_of_burst
from testcases.wire import Wire

EACH = 16
"""Addresses of each station beyond the router."""


def beyond(bed: Testbed) -> dict[str, list[str]]:
    """The addresses by the station that has them, with everything set up so that the router knows the way."""
    router = bed.host("router")
    router.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
    router.run(["ip", "address", "add", "10.1.0.254/24", "dev", "eth1"])
    stations = [name for name in bed.hosts if bed.topology.far_end(Port(name, "eth0")).node == "sw2"]
    found = {}
    for number, name in enumerate(stations):
        found[name] = [f"10.1.0.{number * EACH + n + 1}" for n in range(EACH)]
        lines = "".join(f"address add {ip}/24 dev eth0\n" for ip in found[name])
        bed.host(name).run(["ip", "-batch", "-"], text_in=f"{lines}route add default via 10.1.0.254\n")
    return found


@behaviour("12.1.1.xor.poor-behind-router")
@needs(slaves=4, meeting=True, traits=("gateway",))
def test_xor_puts_all_that_a_router_forwards_on_one_slave(
    bed: Testbed, bonded: Bonding, capture: Capture, wire: Wire
) -> None:
    """Steps: balance-xor over four slaves; a frame to each of 64 addresses beyond a router; 64 echo requests
    from the host's own stack through its default route.

    Verify: all leave by one slave, as does what the host itself sends; each reaches the one that has the
    address, and the echoes come back.
    """
    addresses = beyond(bed)
    bond = bonded("balance-xor", slaves=4, miimon=100)
    bond.host.run(["ip", "route", "add", "default", "via", "10.0.0.2"])
    gateway, source = bed.host("router").mac("eth0"), bond.host.mac(bond.name)
    burst = [
        frames.udp(gateway, source, HOST_IP, ip, frames.probe_payload(BURST_FLOW, number, 60))
        for number, ip in enumerate(ip for ips in addresses.values() for ip in ips)
    ]
    by_nic = carried(wire, bond, burst)
    assert [len(found) for found in by_nic.values()] == [len(burst)]

    def delivered() -> dict[str, int]:
        capture.settle()
        ends = {name: Port(name, "eth0") for name in addresses}
        return {n: len(capture.frames(end, False, wire.since_s, is_of_burst)) for n, end in ends.items()}

    eventually(delivered, CARRIED_S, until=lambda count: count == dict.fromkeys(addresses, EACH))
    wire.mark()
    for name, ips in addresses.items():
        told = bond.host.run(["ping", "-c1", "-W2", ips[0]]).stdout
        assert " 0% packet loss" in told, name
    assert set(wire.shares(lambda frame: frames.ethertype(frame) == frames.ETH_IP)) == set(by_nic)
