"""A large network with many hosts: 64 machines on the switch (HOWTO section 12.1.1)."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

from lab import frames
from lab.cases import HOST_IP, Bonding, Capture, Port, Testbed, behaviour, eventually, needs
from testcases.bursts import CARRIED_S, carried, is_of_burst, nic_by_xor, nic_of_peer, numbered
from testcases.neighbours import wait_dealt
from testcases.wire import Wire

EACH = 5
SLAVES = 4


def others(bed: Testbed) -> list[str]:
    """All hosts but the one under test."""
    return [name for name in bed.hosts if name != bed.host("host").name]


def is_ip_of(mac: str, frame: bytes) -> bool:
    """Whether the machine with that address has sent the frame, and it is one of IPv4."""
    return frames.src_mac(frame) == mac and frames.ethertype(frame) == frames.ETH_IP


def is_to(mac: str, frame: bytes) -> bool:
    """Whether it is a frame of the burst to that address."""
    return frames.dst_mac(frame) == mac and is_of_burst(frame)


@behaviour("12.1.1.xor.good-for-many-hosts")
@needs(slaves=SLAVES, meeting=True, traits=("many-peers",))
def test_xor_serves_each_of_many_hosts_by_one_slave(
    bed: Testbed, bonded: Bonding, capture: Capture, wire: Wire
) -> None:
    """Steps: balance-xor over four slaves; five frames to each of 64 machines.

    Verify: each machine gets its five, over the slave that the formula gives; each slave carries between 10
    and 40 percent.
    """
    bond = bonded("balance-xor", slaves=SLAVES, miimon=100)
    macs = {name: bed.host(name).mac("eth0") for name in others(bed)}
    by_nic = carried(wire, bond, numbered(bond, list(macs.values()), len(macs) * EACH))
    assert nic_of_peer(by_nic) == nic_by_xor(bond, list(macs.values()), SLAVES)
    shares = {nic: len(burst) / (len(macs) * EACH) for nic, burst in by_nic.items()}
    assert len(shares) == SLAVES
    assert all(0.10 <= share <= 0.40 for share in shares.values()), shares

    def delivered() -> set[int]:
        capture.settle()
        ends = {mac: Port(name, "eth0") for name, mac in macs.items()}
        return {
            len(capture.frames(end, False, wire.since_s, partial(is_to, mac))) for mac, end in ends.items()
        }

    eventually(delivered, CARRIED_S, until=lambda counts: counts == {EACH})


@behaviour("2.mode.balance-alb.peers-differ", "2.mode.balance-alb.by-arp-negotiation")
@needs(slaves=SLAVES, meeting=True, traits=("many-peers",))
def test_many_hosts_are_dealt_out_to_the_slaves(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: balance-alb over four slaves; each of 64 machines with a cold ARP cache pings the bond.

    Verify: their ARP caches hold the four slaves' addresses, each a quarter of them; each machine's echo
    requests arrive on the slave whose address it holds.
    """
    bond = bonded("balance-alb", slaves=SLAVES, miimon=100)
    wait_dealt(wire, bond.host.nics)
    held = {}
    wire.mark()
    for number, name in enumerate(others(bed), start=2):
        host = bed.host(name)
        script = (
            f"ip address replace 10.0.0.{number}/24 dev eth0; ping -q -c1 -W2 {HOST_IP} >&2 && ip -j neigh"
        )
        rows = json.loads(host.run(["sh", "-c", script]).stdout)
        held[host.mac("eth0")] = next(row["lladdr"] for row in rows if row["dst"] == HOST_IP)
    macs = {bond.host.mac(nic): nic for nic in bond.host.nics}
    assert Counter(macs[mac] for mac in held.values()) == dict.fromkeys(bond.host.nics, len(held) // SLAVES)
    for mac, told in held.items():
        assert set(wire.arrivals(partial(is_ip_of, mac))) == {macs[told]}
