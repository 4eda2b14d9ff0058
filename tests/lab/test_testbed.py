"""Testbeds come and go without a trace."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest

import topologies
from lab import sandbox, testbed
from lab.availability import unavailable
from lab.errors import LabBroken, LabError, TopologyError
from lab.nodes import namespaces_of
from lab.testbed import Testbed
from lab.topology import Topology
from lab.waiting import eventually
from topologies import bladecenter

pytestmark = pytest.mark.root


def processes() -> dict[str, str]:
    """Every process of the sandbox but this one and short-lived ones of others: pid -> command."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[entry] = Path(f"/proc/{entry}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return found


def networks() -> set[str]:
    """Network namespaces that a thread is in or that a descriptor of ours holds."""
    found = {os.readlink(path) for path in Path("/proc").glob("[0-9]*/task/[0-9]*/ns/net")}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("net:"):
            found.add(target)
    return found


def traces() -> dict[str, object]:
    return {
        "processes": processes(),
        "networks": networks(),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": {thread.name for thread in threading.enumerate()},
        "mounts": Path("/proc/self/mountinfo").read_text(),
    }


def assert_no_more_than(before: dict[str, object]) -> None:
    # A thread that has been joined may take a moment to leave the kernel.
    eventually(traces, until=lambda now: now == before, within=1, what=f"nothing but {before}")


def use(bed: Testbed) -> None:
    """Leave behind what a careless case leaves."""
    host = bed.host("host")
    host.start(["sleep", "1000"])
    host.run(["sh", "-c", "setsid sleep 1000 & unshare -n sleep 1000 & ip tuntap add tap0 mode tap"])
    host.node.cmd("sleep 1000 &")
    bed.slave_cable(0).impair("x", ["drop"])
    bed.slave_cable(1).pull()
    if bed.switches:
        first, *_ = bed.switches.values()
        first.group("trunk", first.ports[:2])


@pytest.mark.parametrize("name", list(topologies.BUILDERS))
def test_every_topology(run_dir: Path, name: str) -> None:
    topology = topologies.build(name)
    if why := unavailable(topology):
        pytest.skip(why)
    with Testbed.build(topology, run_dir) as bed:
        assert set(bed.cables) == {cable.name for cable in topology.cables}
        for host in topology.hosts:
            made = bed.host(host.name)
            assert all(made.interfaces.ready(nic) for nic in made.nics if connected(topology, host.name, nic))
        assert bed.host("host").name == topology.roles["host"]
        assert bed.slave_cable(0) in bed.cables_of("host")
        assert len(bed.cables_of("host")) == len(topology.slaves)


def connected(topology: Topology, node: str, nic: str) -> bool:
    return any(nic == end.name for c in topology.cables for end in (c.a, c.b) if end.node == node)


def test_fifty_in_a_row_leave_no_trace(run_dir: Path) -> None:
    names = [name for name in topologies.BUILDERS if "kernel" not in name]  # each takes seconds to boot
    with Testbed.build(topologies.build(names[0]), run_dir):
        """The first loads libraries that keep descriptors."""
    gc.collect()
    before = traces()
    for number in range(50):
        with Testbed.build(topologies.build(names[number % len(names)]), run_dir) as bed:
            use(bed)
            assert len(networks()) > len(bed.hosts)
        assert_no_more_than(before)


@pytest.mark.parametrize(
    ("topology", "hosts", "within"),
    [(bladecenter.build(["esm"] * 4, blades=14), 17, 3), (topologies.build("many_peers"), 65, 8)],
    ids=["full-chassis", "many-peers"],
)
def test_a_large_lab_is_there_soon(run_dir: Path, topology: Topology, hosts: int, within: float) -> None:
    """In half a second and in one, on a machine that does nothing else."""
    begun = time.monotonic()
    with Testbed.build(topology, run_dir) as bed:
        assert len(bed.hosts) == hosts
        built = time.monotonic()
    assert built - begun < within
    assert time.monotonic() - built < 1


def test_two_at_once(run_dir: Path) -> None:
    topology = topologies.build("single_switch")
    with Testbed.build(topology, run_dir) as one, Testbed.build(topology, run_dir) as other:
        one.slave_cable(0).pull()
        assert other.host("host").interfaces.carrier("eth0")
        assert not namespaces_of(one.host("host").pid) & namespaces_of(other.host("host").pid)


@pytest.mark.parametrize("step", ["lay_cables", "switch_on", "LinkWatcher", "NamespaceHost", "NftThread"])
def test_a_build_that_fails_leaves_no_trace(
    run_dir: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topology = topologies.build("single_switch")
    with Testbed.build(topology, run_dir):
        """Warm up."""
    gc.collect()
    before = traces()

    def fail(*_arguments: object, **_options: object) -> None:
        raise LabError("no more")

    monkeypatch.setattr(testbed, step, fail)
    with pytest.raises(LabError, match="no more"):
        Testbed.build(topology, run_dir)
    assert_no_more_than(before)


def test_undo_of_a_case_runs_before_the_testbed_goes(run_dir: Path) -> None:
    seen: list[str] = []
    with Testbed.build(topologies.build("host_to_host"), run_dir) as bed:
        bed.undo.push("look", lambda: seen.append(bed.host("host").run(["echo", "alive"]).stdout))
    assert seen == ["alive\n"]
    bed.close()


def test_wrong_roles(pair: Testbed) -> None:
    for find, role in ((pair.host, "switch_a"), (pair.switch, "host"), (pair.cable, "peer")):
        with pytest.raises(TopologyError, match=role):
            find(role)


def test_never_outside_of_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sandbox.RUN_VARIABLE, raising=False)
    with pytest.raises(LabBroken, match="in a sandbox only"):
        Testbed.build(topologies.build("host_to_host"), tmp_path)
