"""What can be a slave, and how many (HOWTO section 14, questions 2 and 4)."""

from __future__ import annotations

import json

from lab.cases import Bonding, Testbed, behaviour, eventually, needs, send_frames
from lab.hosts.base import Host
from testcases.bursts import numbered

MANY, ROUNDS = 32, 10


def add_cables_to_nowhere(host: Host, count: int) -> list[str]:
    """Further NICs: virtual Ethernet whose far ends are on the host, too."""
    pairs = [(f"more{number}", f"end{number}") for number in range(count)]
    lines = [f"link add name {nic} type veth peer name {end}\nlink set dev {end} up\n" for nic, end in pairs]
    host.run(["ip", "-batch", "-"], text_in="".join(lines))
    return [nic for nic, _ in pairs]


def sent(host: Host) -> dict[str, int]:
    """Packets that each interface has sent."""
    links = json.loads(host.run(["ip", "-s", "-j", "link", "show"]).stdout)
    return {link["ifname"]: link["stats64"]["tx"]["packets"] for link in links}


@behaviour("14.4.slaves-limited-by-ports")
@needs(slaves=2, meeting=True)
def test_all_ports_can_be_slaves(bed: Testbed, bonded: Bonding) -> None:
    """Steps: two cabled NICs and thirty more; enslave all; ten frames for each in mode balance-rr.

    Verify: the status lists all 32 as up, and each sends ten frames.
    """
    bond = bonded("balance-rr", miimon=100)
    names = ["eth0", "eth1", *add_cables_to_nowhere(bond.host, MANY - 2)]
    for nic in names[2:]:
        bond.enslave(nic)
    eventually(lambda: {slave.mii_status for slave in bond.status().slaves} == {"up"}, within=2.0)
    assert bond.status().slave_names == tuple(names)
    before = sent(bond.host)
    send_frames(bond.host, bond.name, numbered(bond, ["02:00:00:00:00:77"], MANY * ROUNDS))

    def more() -> dict[str, int]:
        now = sent(bond.host)
        return {nic: now[nic] - before[nic] for nic in names}

    eventually(lambda: sum(more().values()) >= MANY * ROUNDS, within=2.0)
    assert set(more().values()) <= {ROUNDS, ROUNDS + 1}
