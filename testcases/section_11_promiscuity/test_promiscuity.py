"""A sniffer on the bond makes slaves promiscuous (HOWTO section 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from lab.hosts.base import Host
from testcases.bounds import detection, seconds
from testcases.modes import ADAPTIVE, SPREADING

AT_ONCE_S = 1.0
"""The catalogue's bound for what has no time of its own."""
SNIFFER_S = 5.0
"""Until tcpdump has started, or ended."""
STRANGER = "02:00:00:00:dd:01"
FOUR = ["eth0", "eth1", "eth2", "eth3"]


def counts(host: Host) -> dict[str, int]:
    """How many times over the kernel has been asked to make each NIC promiscuous."""
    links = json.loads(host.run(["ip", "-d", "-j", "link", "show"]).stdout)
    return {link["ifname"]: link["promiscuity"] for link in links if link["ifname"] in host.nics}


def promiscuous(host: Host) -> list[str]:
    """The NICs that are."""
    return [nic for nic, count in counts(host).items() if count]


@contextmanager
def sniffer(host: Host, interface: str) -> Iterator[None]:
    """A tcpdump on the interface, which makes that promiscuous, from its start to its end."""
    process = host.start(["tcpdump", "-n", "-i", interface, "-w", "/dev/null"])
    try:
        eventually(lambda: "listening" in process.output(), SNIFFER_S, what="tcpdump listens")
        yield
    finally:
        process.stop(SNIFFER_S)


@behaviour("11.promisc.set-and-clear", "11.promisc.all-slaves")
@pytest.mark.parametrize("mode", [*SPREADING, "802.3ad"])
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_every_slave_becomes_promiscuous(mode: str, bonded: Bonding) -> None:
    """Steps: three slaves; start a sniffer on bond0, and another; a fourth slave joins; one sniffer ends; a
    slave leaves; the other sniffer ends.

    Verify: at any time with a sniffer all slaves are promiscuous and nobody else; in the end none, as before.
    """
    bond = bonded(mode, slaves=3, trunk=False, miimon=100, ready=False)
    host = bond.host

    def becomes(nics: list[str], when: str) -> None:
        eventually(lambda: promiscuous(host), AT_ONCE_S, until=lambda seen: seen == nics, what=when)

    before = counts(host)
    assert set(before.values()) == {0}
    with sniffer(host, bond.name):
        becomes(FOUR[:3], "the slaves are promiscuous")
        with sniffer(host, bond.name):
            bond.enslave("eth3")
            becomes(FOUR, "the new slave is, too")
        assert promiscuous(host) == FOUR
        bond.release("eth2")
        becomes(["eth0", "eth1", "eth3"], "the one that left is not")
    becomes([], "none is any more")
    assert counts(host) == before


@behaviour("11.promisc.set-and-clear", "11.promisc.active-only", "11.promisc.follows-failover")
@pytest.mark.parametrize("mode", ["active-backup", *ADAPTIVE])
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_the_active_slave_alone_becomes_promiscuous(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: three slaves; frames to an address that is nobody's; a sniffer on bond0, and another when that
    has ended; pull the cable of the active slave; end the sniffer.

    Verify: the active slave alone is promiscuous, and none between the two; after the failover the new active
    one is, and misses the frames no longer than the detection takes. In the end none is, but that balance-alb
    may have the active one listen for a while to the address of the slave that failed.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    host = bond.host

    def becomes(nics: list[str], when: str) -> None:
        eventually(lambda: promiscuous(host), AT_ONCE_S, until=lambda seen: seen == nics, what=when)

    before = counts(host)
    assert set(before.values()) == {0}
    assert bond.status().active == "eth0"
    with sniffer(host, bond.name):
        becomes(["eth0"], "the active slave is promiscuous")
    becomes([], "none is any more")
    assert counts(host) == before
    with stream("in", dst_mac=STRANGER) as foreign, sniffer(host, bond.name):
        foreign.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)):
            eventually(
                lambda: promiscuous(host),
                seconds(detection()),
                until=lambda seen: seen == [bond.status().active] != ["eth0"],
                what="the new active slave is promiscuous, and it alone",
            )
            active = promiscuous(host)
            foreign.wait_flowing()
            assert foreign.report().outage_ms <= detection(2 * 100)
    if mode == "balance-alb":
        assert set(promiscuous(host)) <= set(active)
    else:
        becomes([], "none is in the end")
        assert counts(host) == before
