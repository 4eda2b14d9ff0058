"""Paths, texts and orders without a mount: a bondd that answers from a table."""

from __future__ import annotations

from typing import Any

import pytest

from bondimpl.errors import BondError, MachineError
from bondimpl.options import BondOptions, as_text, row
from lab.bondfs import writing
from lab.bondfs.reading import BOND_FILES, READ_ONLY
from lab.bondfs.tree import Directory, File, Link, Tree

SLAVE = {
    "name": "eth0",
    "active": True,
    "failures": 2,
    "permanent_mac": "02:00:00:00:00:01",
    "queue_id": 3,
    "mii_status": "going back",
}
BOND = {
    "name": "bond0",
    "mode": "active-backup",
    "carrier": True,
    "active": "eth0",
    "primary": None,
    "options": as_text(BondOptions()),
    "slaves": [SLAVE],
}


class Bondd:
    """Knows `bonds`; keeps what else it is asked; refuses with `refuses`."""

    def __init__(self) -> None:
        self.bonds: dict[str, Any] = {"bond0": BOND}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuses: BondError | None = None

    def __call__(self, command: str, **fields: Any) -> Any:
        if self.refuses:
            raise self.refuses
        if command == "list":
            return [*self.bonds]
        if command == "show":
            if self.bonds[fields["bond"]] is None:
                raise BondError("gone", "ENODEV")
            return self.bonds[fields["bond"]]
        self.asked.append((command, fields))
        return "text"


class Kernel:
    """Has three interfaces, each with two attributes."""

    names = ("bond0", "eth0", "lo")

    def interfaces(self) -> list[str]:
        return list(self.names)

    def device(self, name: str) -> str | None:
        return f"/sys/devices/{name}" if name in self.names else None

    def attributes(self, name: str) -> list[str]:
        return ["mtu", "statistics"] if name in self.names else []

    def proc_files(self) -> list[str]:
        return ["arp", "dev"]

    def proc_file(self, name: str) -> str:
        return f"/proc/self/net/{name}"


@pytest.fixture
def bondd() -> Bondd:
    return Bondd()


@pytest.fixture
def tree(bondd: Bondd) -> Tree:
    return Tree(bondd, Kernel())


def _names(tree: Tree, path: str) -> set[str]:
    node = tree.node(path)
    assert isinstance(node, Directory)
    return set(node.names())


def _text(tree: Tree, path: str, privileged: bool = True) -> str:
    node = tree.node(path)
    assert isinstance(node, File)
    return node.read(privileged)


def _write(tree: Tree, path: str, text: str) -> None:
    node = tree.node(path)
    assert isinstance(node, File)
    assert node.write
    node.write(text)


def test_every_name_that_is_listed_is_there(tree: Tree) -> None:
    """And no other, also not below files and links."""
    found, todo = [], ["/"]
    while todo:
        path = todo.pop()
        found.append(path)
        node = tree.node(path)
        if isinstance(node, Directory):
            todo += [f"{path.rstrip('/')}/{name}" for name in node.names()]
        else:
            with pytest.raises(FileNotFoundError):
                tree.node(f"{path}/x")
    assert len(found) == len(set(found)) > 60
    for path in (*found, "/sys/class/net/bond0/bonding_slave", "/sys/class/net/lo/bonding"):
        with pytest.raises(FileNotFoundError):
            tree.node(f"{path}/nosuch")


def test_links(tree: Tree) -> None:
    net = "/sys/class/net"
    for path, target in (
        (f"{net}/lo", "/sys/devices/lo"),
        (f"{net}/bond0/mtu", "/sys/devices/bond0/mtu"),
        (f"{net}/bond0/lower_eth0", "../eth0"),
        (f"{net}/eth0/master", "../bond0"),
        (f"{net}/eth0/upper_bond0", "../bond0"),
        ("/proc/net/dev", "/proc/self/net/dev"),
    ):
        assert tree.node(path) == Link(target)


def test_what_is_empty_reads_as_nothing(tree: Tree) -> None:
    bonding = "/sys/class/net/bond0/bonding"
    assert _text(tree, f"{bonding}/primary") == ""
    assert _text(tree, f"{bonding}/ad_select") == "stable 0\n"
    assert _text(tree, f"{bonding}/queue_id") == "eth0:3\n"
    assert _text(tree, "/sys/class/net/eth0/bonding_slave/mii_status") == "going back\n"
    assert _text(tree, "/sys/class/net/bonding_masters") == "bond0\n"


def test_who_may_see_what_is_asked_of_bondd(tree: Tree, bondd: Bondd) -> None:
    for privileged in (True, False):
        _text(tree, "/proc/net/bonding/bond0", privileged)
    assert [fields["unprivileged"] for _, fields in bondd.asked] == [False, True]


def test_without_a_bondd_only_the_kernel_is_seen(tree: Tree, bondd: Bondd) -> None:
    bondd.refuses = MachineError("no bondd", "ECONNREFUSED")
    assert _names(tree, "/sys/class/net") == {"bond0", "eth0", "lo"}
    assert _names(tree, "/proc/net") == {"arp", "dev"}
    assert tree.node("/sys/class/net/eth0") == Link("/sys/devices/eth0")


def test_a_bondd_that_is_silent_is_an_error(tree: Tree, bondd: Bondd) -> None:
    """Nobody is to take it for 'there are no bonds'."""
    bondd.refuses = MachineError("no answer", "ETIMEDOUT")
    for path in ("/sys/class/net", "/proc/net", "/proc/net/bonding"):
        with pytest.raises(MachineError):
            tree.node(path)
    assert tree.node("/proc/net/dev") == Link("/proc/self/net/dev")  # which is none of its business


def test_a_bond_that_goes_while_it_is_looked_at(tree: Tree, bondd: Bondd) -> None:
    bondd.bonds["bond1"] = None
    assert _text(tree, "/sys/class/net/bonding_masters") == "bond0\n"


@pytest.mark.parametrize(
    ("file", "text", "command", "fields"),
    [
        ("bonding_masters", "+bond1", "add", {"bond": "bond1"}),
        ("bonding_masters", "-bond0", "delete", {"bond": "bond0"}),
        ("bond0/bonding/slaves", "+lo", "enslave", {"bond": "bond0", "slave": "lo"}),
        ("bond0/bonding/slaves", "-eth0", "release", {"bond": "bond0", "slave": "eth0"}),
        ("bond0/bonding/mode", " 4 ", "set", {"bond": "bond0", "option": "mode", "value": "4"}),
        ("bond0/bonding/mode", "default", "set", {"bond": "bond0", "option": "mode", "value": "balance-rr"}),
        (
            "bond0/bonding/lacp_rate",
            "default",
            "set",
            {"bond": "bond0", "option": "lacp_rate", "value": "default"},
        ),
        (
            "bond0/bonding/miimon",
            "maxval",
            "set",
            {"bond": "bond0", "option": "miimon", "value": "2147483647"},
        ),
        ("bond0/bonding/active_slave", "", "set", {"bond": "bond0", "option": "active_slave", "value": ""}),
        (
            "bond0/bonding/queue_id",
            "eth0:4",
            "set",
            {"bond": "bond0", "slave": "eth0", "option": "queue_id", "value": "4"},
        ),
    ],
)
def test_orders(tree: Tree, bondd: Bondd, file: str, text: str, command: str, fields: dict[str, str]) -> None:
    _write(tree, f"/sys/class/net/{file}", text)
    assert bondd.asked == [(command, fields)]


@pytest.mark.parametrize(
    ("answer", "errno"),
    [(BondError("no", "EINVAL"), "EPERM"), (MachineError("no", "ETIMEDOUT"), "ETIMEDOUT")],
)
def test_a_refusal_of_queue_id_is_eperm(tree: Tree, bondd: Bondd, answer: BondError, errno: str) -> None:
    """Whatever bondd says; but that it does not answer is told as it is."""
    node = tree.node("/sys/class/net/bond0/bonding/queue_id")
    assert isinstance(node, File)
    assert node.write
    bondd.refuses = answer
    with pytest.raises(BondError) as caught:
        node.write("eth0:1")
    assert caught.value.errno == errno


def test_every_file_is_of_an_option_or_read_only() -> None:
    """An option that bondd has lost or renamed would be noticed here."""
    for name in {*BOND_FILES} - READ_ONLY - {"slaves", "active_slave", "queue_id"}:
        assert row(name)
    for name, words in writing.NUMBER_WORDS.items():
        for word, number in words.items():
            assert row(name).parse(str(number)) == number, word
        if "default" in words:
            assert words["default"] == row(name).default
