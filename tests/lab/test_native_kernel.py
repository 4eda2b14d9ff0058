"""The kernel's driver where it belongs to the machine: shown on a guest that is said to share its kernel."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

import topologies
from lab import under_test
from lab.drivers import native
from lab.drivers.kernel import KernelDriver
from lab.errors import DriverLacks, DriverRefused
from lab.hosts.uml.host import UmlHost
from lab.topology import Host
from lab.undo import UndoStack
from lab.waiting import never

pytestmark = pytest.mark.root
MASTERS = "/sys/class/net/bonding_masters"


@pytest.fixture
def driver(guest: UmlHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelDriver]:
    """The guest's kernel, its module loaded by nobody in particular."""
    monkeypatch.setattr(guest, "own_kernel", False)
    guest.run(["modprobe", "-r", "bonding"], check=False)
    made = KernelDriver()
    yield made
    for bond in tuple(made.bonds):
        bond.delete()
    guest.run(["modprobe", "-r", "bonding"])


def test_no_bond_comes_with_the_module(guest: UmlHost, driver: KernelDriver) -> None:
    bond = driver.create(guest, "bond7", {"mode": "active-backup", "miimon": "50"})
    assert guest.read(MASTERS).split() == ["bond7"]
    assert (bond.status().mode, bond.status().miimon_ms) == ("active-backup", 50)


def test_bonds_of_others_stay(guest: UmlHost, driver: KernelDriver) -> None:
    guest.run(["modprobe", "bonding", "max_bonds=0"])
    guest.run(["ip", "link", "add", "name", "others", "type", "bond"])
    bond = driver.create(guest, "bond0", {"mode": "802.3ad"})
    assert set(guest.read(MASTERS).split()) == {"others", "bond0"}
    bond.delete()
    assert guest.read(MASTERS).split() == ["others"]


@pytest.mark.parametrize("options", [{"updelay": "200"}, {"mode": "balance-alb", "arp_interval": "100"}])
def test_what_only_the_module_takes_is_not_there(
    guest: UmlHost, driver: KernelDriver, options: dict[str, str]
) -> None:
    with pytest.raises(DriverLacks, match="only as a parameter of the module"):
        driver.create(guest, "bond0", options)
    assert guest.read(MASTERS).split() == []


@pytest.mark.parametrize("options", [{"mode": "square"}, {"nonsense": "1"}, {"queue_id": "x"}])
def test_what_the_module_would_not_take_either_is_refused(
    guest: UmlHost, driver: KernelDriver, options: dict[str, str]
) -> None:
    with pytest.raises(DriverRefused, match="add bond0"):
        driver.create(guest, "bond0", options)
    assert guest.read(MASTERS).split() == []


@pytest.mark.parametrize(("there", "kind"), [(True, "namespace"), (False, "uml")])
def test_it_is_native_where_the_machine_has_it(
    there: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "available", lambda: there)
    plain = topologies.build("host_to_host")
    tested = under_test.as_tested(plain, "kernel")
    changed: Host = replace(plain.host("host"), kind=kind, bonding="kernel")  # type: ignore[arg-type]
    assert tested.host("host") == changed
    assert tested.host("peer") == plain.host("peer")
    assert under_test.described("kernel", "6.x").endswith("native" if there else "in a User-Mode Linux guest")
    assert (under_test.timers("kernel") > 1) is not there


def _have_bonds(asked: Event, begun: Event, over: Event) -> None:
    undo = UndoStack()
    asked.set()
    native.keep_to_ourselves(KernelDriver(), undo)
    begun.set()
    over.wait()
    undo.unwind()


def test_one_testbed_at_a_time_has_native_bonds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    asked, begun = ([context.Event(), context.Event()] for _ in range(2))
    first, second = (
        context.Process(target=_have_bonds, args=(asked[n], begun[n], over), daemon=True) for n in range(2)
    )
    first.start()
    assert begun[0].wait(20)
    second.start()
    assert asked[1].wait(20)
    never(begun[1].is_set, during=0.5)
    over.set()
    assert begun[1].wait(20)
    for process in (first, second):
        process.join(20)
        assert process.exitcode == 0
