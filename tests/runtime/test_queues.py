"""Option queue_id: frames of a transmit queue leave by its slave, in active-backup and balance-rr."""

from __future__ import annotations

import os

import pytest

from tests.runtime.lab import Daemon, Lab, eventually, ip, link, run
from tests.runtime.queue_choice import by_mark, send

pytestmark = pytest.mark.root

HOST, PEER = "10.0.0.1", "10.0.0.2"


def bonded(bondd: Daemon, mode: str) -> None:
    bondd.add("bond0", "eth0", "eth1", mode=mode, miimon="100")
    ip("addr", "add", f"{HOST}/24", "dev", "bond0")
    ip("neigh", "replace", PEER, "lladdr", "02:00:00:00:00:99", "dev", "bond0")


def own_queue(bondd: Daemon, slave: str, number: int) -> None:
    bondd.control.call("set", bond="bond0", slave=slave, options={"queue_id": str(number)})


class Ports:
    """Which ports the host's frames come out of."""

    def __init__(self, lab: Lab) -> None:
        self._wires = [lab.listen(f"port{number}") for number in range(len(lab.nics))]
        self._tries = 0

    def of(self, mark: int) -> list[int]:
        """How many of six frames with that mark came out of each port."""
        self._tries += 1
        payload = b"try%d of queue %d." % (self._tries, mark)
        send(mark, payload, PEER, 6)
        counts = [0] * len(self._wires)

        def all_came() -> bool:
            for number, wire in enumerate(self._wires):
                counts[number] += len(wire.frames(lambda frame: payload in frame, 0, 0.01))
            return sum(counts) >= 6

        eventually(all_came)
        return counts


def test_a_queue_of_a_backup(lab: Lab, bondd: Daemon) -> None:
    """Steps: the backup gets queue 2, loses its link, the queue. Verify: its frames while it is up."""
    bonded(bondd, "active-backup")
    ports = Ports(lab)
    with by_mark("bond0", 2, 3):
        assert ports.of(2) == [6, 0]
        own_queue(bondd, "eth1", 2)
        assert (ports.of(2), ports.of(0), ports.of(3)) == ([0, 6], [6, 0], [6, 0])
        ip("link", "set", "dev", "eth1", "down")
        eventually(lambda: bondd.show()["slaves"][1]["link"] == "down")
        assert ports.of(2) == [6, 0], "the ordinary way"
        ip("link", "set", "dev", "eth1", "up")
        eventually(lambda: bondd.show()["slaves"][1]["link"] == "up")
        assert ports.of(2) == [0, 6]
        own_queue(bondd, "eth1", 0)
        assert ports.of(2) == [6, 0]


@pytest.mark.parametrize(("mode", "by_queue"), [("balance-rr", [0, 6]), ("broadcast", [6, 6])])
def test_which_modes_look_at_queues(lab: Lab, bondd: Daemon, mode: str, by_queue: list[int]) -> None:
    bonded(bondd, mode)
    own_queue(bondd, "eth1", 5)
    ports = Ports(lab)
    with by_mark("bond0", 5):
        assert ports.of(5) == by_queue
        assert ports.of(0) == ([3, 3] if mode == "balance-rr" else [6, 6])


def test_queues_are_opened_when_they_are_wanted(lab: Lab, bondd: Daemon) -> None:
    """All else stays as it is: carrier, offloads, traffic of many flows by the active slave in order."""
    bonded(bondd, "active-backup")
    assert queues() == 1
    own_queue(bondd, "eth0", 0)
    assert queues() == 1
    lab.peer("ip", "addr", "add", f"{PEER}/24", "dev", "br0")
    ip("neigh", "del", PEER, "dev", "bond0")
    own_queue(bondd, "eth1", 16)
    assert queues() == 16
    assert run("ping", "-c", "3", "-i", "0.25", PEER).returncode == 0
    assert "LOWER_UP" in link("bond0")["flags"]
    bondd.control.call("delete", bond="bond0")
    assert not os.path.exists("/sys/class/net/bond0")


def test_a_bond_without_carrier_gets_none_by_its_queues(lab: Lab, bondd: Daemon) -> None:
    bondd.add("bond0", "eth0", mode="active-backup", miimon="100")
    lab.peer("ip", "link", "set", "dev", "port0", "down")
    eventually(lambda: "NO-CARRIER" in link("bond0")["flags"])
    own_queue(bondd, "eth0", 1)
    assert "NO-CARRIER" in link("bond0")["flags"]
    assert queues() == 16


def test_a_bond_whose_device_is_deleted(lab: Lab, bondd: Daemon) -> None:
    bonded(bondd, "active-backup")
    own_queue(bondd, "eth1", 1)
    ip("link", "del", "dev", "bond0")
    eventually(lambda: bondd.control.call("list") == [])
    bonded(bondd, "active-backup")


def queues() -> int:
    return int(link("bond0")["linkinfo"]["info_data"]["numqueues"])
