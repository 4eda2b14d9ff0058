"""The driver under much at once (HOWTO section 14, question 1)."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from lab.bonding import wait_up
from lab.cases import PEER_IP, BondHandle, Bonding, StreamMaker, Testbed, behaviour, needs
from lab.faults import CablePull
from lab.hosts.base import Host
from testcases.bounds import LACP_JOIN, seconds
from testcases.modes import EVERY

BUSY_S = 1.5
PINGERS = 4
ADDING_UP = ("balance-rr", "active-backup", "balance-xor")
"""Modes in which the driver itself sends nothing, and the bond's counters are the sums of its slaves'."""
FOUR = ["eth0", "eth1", "eth2", "eth3"]


@contextmanager
def over_and_over(*works: Callable[[], object]) -> Iterator[list[Future[int]]]:
    """Do each of the works in a thread of its own, again and again, until the block ends.

    The futures tell how often; an error of a work is raised.
    """
    stop = threading.Event()

    def repeat(work: Callable[[], object]) -> int:
        times = 0
        while not stop.is_set():
            work()
            times += 1
        return times

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(repeat, work) for work in works]
        try:
            yield running
        finally:
            stop.set()
    for each in running:
        each.result()


def readings(host: Host) -> dict[str, list[int]]:
    """Packets sent, packets received and errors in sending of each interface, read at once."""
    links = json.loads(host.run(["ip", "-s", "-j", "link", "show"]).stdout)
    stats = {link["ifname"]: link["stats64"] for link in links}
    return {n: [s["tx"]["packets"], s["rx"]["packets"], s["tx"]["errors"]] for n, s in stats.items()}


def rejoin(bond: BondHandle, chance: random.Random) -> None:
    """Detach one of two slaves, and enslave it again."""
    nic = chance.choice(["eth2", "eth3"])
    bond.release(nic)
    bond.enslave(nic)


def replug(bed: Testbed, chance: random.Random) -> None:
    """Pull the cable of one of two slaves, and plug it in again."""
    with CablePull(bed, bed.slave_cable(chance.choice([1, 3]))):
        pass


@behaviour("14.1.smp-safe")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_everything_at_once(mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: four processes ping the peer all the time; meanwhile slaves are detached and enslaved, cables
    pulled and plugged in, and the status read, each as fast as it goes and by a thread of its own, in an
    order drawn from a seed; for a second and a half (the catalogue asks for a minute).

    Verify: nothing fails, and each of them was done; afterwards all slaves are up, traffic passes both ways
    without loss or further copies, and where nothing but traffic counts, the counters add up.
    """
    options: dict[str, Any] = {"lacp_rate": "fast"} if mode == "802.3ad" else {}
    bond = bonded(mode, slaves=4, miimon=100, **options)
    chance = random.Random(14)
    with ExitStack() as pinging:
        for _ in range(PINGERS):
            process = bond.host.start(["ping", "-q", "-i", "0.002", PEER_IP])
            pinging.callback(process.stop)
        works = (lambda: rejoin(bond, chance), lambda: replug(bed, chance), bond.status, bond.proc_text)
        with over_and_over(*works) as running, stream("out") as out:
            out.run(BUSY_S)
    assert all(done.result() > 0 for done in running)
    wait_up(bond, partner=mode == "802.3ad")
    assert set(bond.status().slave_names) == set(FOUR)
    with stream("out") as out:
        out.wait_flowing(seconds(LACP_JOIN), frames_in_a_row=50)
    before = readings(bond.host)
    with stream("out", rate_pps=1000) as out, stream("in", rate_pps=700) as back:
        out.run(0.5)
    copies = 4 if mode == "broadcast" else 1
    for report, each in ((out.report(), copies), (back.report(), 1)):
        assert (report.lost, report.duplicates) == (0, (each - 1) * report.sent), report
    now = readings(bond.host)
    more = {name: [b - a for a, b in zip(before[name], now[name], strict=True)] for name in now}
    assert more[bond.name][0] >= out.report().sent
    if mode in ADDING_UP:
        assert more[bond.name] == [sum(each) for each in zip(*(more[nic] for nic in FOUR), strict=True)]
