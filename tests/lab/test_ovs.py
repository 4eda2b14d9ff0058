"""The switch that is Open vSwitch: learning, static groups, its daemons."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

import topologies
from lab import testbed
from lab.errors import LabBroken, LabError
from lab.switches import ovs_daemons
from lab.switches.base import GroupPolicy, Lacp, Switch
from lab.switches.ovs import OvsSwitch
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import deliver, ear, heard, heard_by, probe, send

pytestmark = pytest.mark.root

COUNT = 200
HOST_MAC = "02:00:00:00:00:01"
EVENT_S = 1.0
JOIN_S = 5.0


def station_mac(number: int) -> str:
    return f"02:00:00:00:0a:{number:02x}"


@pytest.fixture(scope="module")
def star(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """A host with four cables to the switch, two stations behind it."""
    with Testbed.build(topologies.build("lacp_switch:ovs"), tmp_path_factory.mktemp("star")) as bed:
        yield bed


@pytest.fixture
def switch(star: Testbed) -> Iterator[OvsSwitch]:
    """The switch of `star`, without groups and with an empty MAC table."""
    made = ovs(star, "switch_a")
    made.flush()
    yield made
    for name in list(made._groups):
        made.ungroup(name)


@pytest.fixture
def own(run_dir: Path) -> Iterator[OvsSwitch]:
    """A switch that the test may ruin."""
    with Testbed.build(topologies.build("lacp_switch:ovs"), run_dir) as bed:
        yield ovs(bed, "switch_a")


def ovs(bed: Testbed, role: str) -> OvsSwitch:
    made = bed.switch(role)
    assert isinstance(made, OvsSwitch)
    return made


def names_of_interfaces(switch: OvsSwitch) -> list[str]:
    return str(switch.node.cmd("ls /sys/class/net")).split()


def to_host(bed: Testbed, frames: list[bytes], expected: int) -> dict[str, Counter[int]]:
    """What each NIC of the host hears of frames that the peer sends."""
    host = bed.host("host")
    with ExitStack() as stack:
        ears = {nic: stack.enter_context(ear(host, nic)) for nic in host.nics}
        send(bed.host("peer"), "eth0", frames)
        return heard_by(ears, expected)


def to_peer(bed: Testbed, expected: int) -> tuple[Counter[int], Counter[int]]:
    """What the peer hears of COUNT frames sent by the host over its NICs in turn, and what the host hears."""
    host = bed.host("host")
    with ExitStack() as stack:
        own = [stack.enter_context(ear(host, nic)) for nic in host.nics]
        far = stack.enter_context(ear(bed.host("peer"), "eth0"))
        for number in range(COUNT):
            send(host, host.nics[number % len(host.nics)], [probe(number, HOST_MAC)])
        return heard([far], expected), heard(own, 0)


def test_it_learns_and_forgets(star: Testbed, switch: OvsSwitch) -> None:
    host, peer, bystander = star.host("host"), star.host("peer"), star.host("peer_b")
    as_any: Switch = switch
    assert as_any.ports == ("p1", "p2", "p3", "p4", "p5", "p6")
    assert switch.mac_table() == ()
    with ear(bystander, "eth0") as other:
        assert deliver((host, "eth1"), (peer, "eth0"), [probe(1, HOST_MAC)], 1) == {1: 1}
        assert heard([other], 1) == {1: 1}
        assert [(row.mac, row.port) for row in switch.mac_table()] == [(HOST_MAC, "p2")]
        assert deliver((peer, "eth0"), (host, "eth1"), [probe(2, station_mac(1), HOST_MAC)], 1) == {2: 1}
        assert not heard([other], 0)


def test_what_was_flushed_is_learned_again_at_once(star: Testbed, switch: OvsSwitch) -> None:
    host, peer = star.host("host"), star.host("peer")
    for _ in range(3):
        assert deliver((host, "eth1"), (peer, "eth0"), [probe(1, HOST_MAC)], 1) == {1: 1}
        assert HOST_MAC in [row.mac for row in switch.mac_table()]
        switch.flush()
        assert switch.mac_table() == ()


def test_it_is_silent_by_itself(star: Testbed, switch: OvsSwitch) -> None:
    with ExitStack() as stack:
        for host in star.hosts.values():
            for nic in host.nics:
                sock = stack.enter_context(ear(host, nic))
                assert not heard([sock], 0)
                with pytest.raises(BlockingIOError):
                    sock.recv(2000)


def test_tcp_passes(star: Testbed, switch: OvsSwitch) -> None:
    """It reads frames as they are: a checksum left to the NIC would be wrong, and TCP hang."""
    host, peer = star.host("host"), star.host("peer")
    for end, address in ((host, "10.1.0.1"), (peer, "10.1.0.2")):
        end.run(["ip", "address", "add", f"{address}/24", "dev", "eth0"])
    server = peer.start(["iperf3", "--server", "--one-off"])
    eventually(lambda: ":5201" in peer.run(["ss", "-ltn"]).stdout, within=JOIN_S)
    host.run(["iperf3", "--client", "10.1.0.2", "--bytes", "1M"], timeout_s=10)
    server.stop()
    for end in (host, peer):
        end.run(["ip", "address", "flush", "dev", "eth0"])


def test_a_static_group_passes_every_frame_exactly_once_both_ways(star: Testbed, switch: OvsSwitch) -> None:
    switch.group("trunk", ["p1", "p2", "p3", "p4"])
    came, reflected = to_peer(star, COUNT)
    assert came == dict.fromkeys(range(COUNT), 1)
    assert not reflected
    assert {row.port for row in switch.mac_table() if row.mac == HOST_MAC} == {"trunk"}
    for target in ("ff:ff:ff:ff:ff:ff", HOST_MAC):
        by_nic = to_host(star, [probe(n, station_mac(n), target) for n in range(COUNT)], COUNT)
        assert sum(by_nic.values(), Counter()) == dict.fromkeys(range(COUNT), 1)
        assert all(counter.total() > COUNT // 20 for counter in by_nic.values())


def test_a_member_without_carrier_takes_no_part(star: Testbed, switch: OvsSwitch) -> None:
    switch.group("trunk", ["p1", "p2", "p3", "p4"])
    assert switch.members("trunk") == ("p1", "p2", "p3", "p4")
    star.slave_cable(1).pull()
    eventually(lambda: switch.members("trunk") == ("p1", "p3", "p4"), within=EVENT_S)
    assert not switch.forwards("p2")
    by_nic = to_host(star, [probe(n, station_mac(n)) for n in range(COUNT)], COUNT)
    assert by_nic["eth1"].total() == 0
    assert sum(by_nic.values(), Counter()) == dict.fromkeys(range(COUNT), 1)
    star.slave_cable(1).plug()
    eventually(lambda: switch.forwards("p2"), within=EVENT_S)


def test_port_admin(star: Testbed, switch: OvsSwitch) -> None:
    host = star.host("host")
    switch.group("one", ["p1"])
    for port, nic in (("p1", "eth0"), ("p4", "eth3")):
        assert switch.forwards(port)
        switch.port_admin(port, False)
        eventually(lambda nic=nic: not host.interfaces.carrier(nic), within=EVENT_S)  # type: ignore[misc]
        assert not switch.forwards(port)
        switch.port_admin(port, True)
        eventually(lambda port=port: switch.forwards(port), within=EVENT_S)  # type: ignore[misc]
    assert switch.members("one") == ("p1",)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_a_port_stays_as_it_was_set_though_the_daemon_has_not_heard(own: OvsSwitch, up: bool) -> None:
    """It writes flags back as it last heard of them, when it takes or gives away a port."""
    for port in own.ports:
        own.port_admin(port, not up)
    own.group("po", ["p1"])  # both are known to it now
    own.ungroup("po")
    daemon = own._daemons._running["ovs-vswitchd"]
    daemon.send_signal(signal.SIGSTOP)
    grouping = Thread(target=own.group, args=("po", ["p1", "p2"]))
    try:
        for port in own.ports:
            own.port_admin(port, up)
        grouping.start()
        grouping.join(0.3)  # it has asked what it asks of the database, and waits for the daemon
        assert grouping.is_alive()
    finally:
        daemon.send_signal(signal.SIGCONT)
        grouping.join()
    assert own.groups == {"po": ("p1", "p2")}
    assert [own.interfaces.is_up(port) for port in own.ports] == [up] * len(own.ports)


def test_ungrouped_ports_are_plain_again(star: Testbed, switch: OvsSwitch) -> None:
    host = star.host("host")
    before = set(names_of_interfaces(switch))
    switch.group("trunk", ["p1", "p2"], lacp=Lacp(keys={"p2": 100}))
    assert not switch.forwards("p1")
    switch.ungroup("trunk")
    assert switch.forwards("p1")
    with ear(host, "eth1") as other:
        frames = [probe(number, HOST_MAC) for number in range(10)]
        assert deliver((host, "eth0"), (star.host("peer"), "eth0"), frames, 10).total() == 10
        assert heard([other], 10).total() == 10
    assert [(row.mac, row.port) for row in switch.mac_table()] == [(HOST_MAC, "p1")]
    assert set(names_of_interfaces(switch)) == before


@pytest.mark.parametrize(
    ("name", "ports", "policy", "lacp", "message"),
    [
        ("other", ["p1"], "xor-mac", None, "another group"),
        ("other", ["nope"], "xor-mac", None, "no such port"),
        ("other", [], "xor-mac", None, "needs ports"),
        ("other", ["p2", "p2"], "xor-mac", None, "each once"),
        ("trunk", ["p2"], "xor-mac", None, "taken"),
        ("br0", ["p2"], "xor-mac", None, "taken"),
        ("a-name-too-long", ["p2"], "xor-mac", None, "12 letters"),
        ("other", ["p2"], "xor-ip", None, "no policy 'xor-ip' for a static group"),
        ("other", ["p2"], "round-robin", Lacp(), "no policy 'round-robin' for an LACP group"),
        ("other", ["p2"], "xor-mac", Lacp(keys={"p1": 100}), "LACP keys for p1: not its ports"),
    ],
)
def test_bad_groups(
    switch: OvsSwitch, name: str, ports: list[str], policy: GroupPolicy, lacp: Lacp | None, message: str
) -> None:
    switch.group("trunk", ["p1"])
    with pytest.raises(LabError, match=message):
        switch.group(name, ports, policy, lacp)
    assert switch.forwards("p2")


def test_asking_for_what_is_not_there(switch: OvsSwitch) -> None:
    switch.group("trunk", ["p1", "p2"])
    with pytest.raises(LabError, match="trunk is no LACP group"):
        switch.lacp_ports("trunk")
    for ask in (switch.members, switch.lacp_ports, switch.ungroup):
        with pytest.raises(LabError, match="no group po9; there are: trunk"):
            ask("po9")
    for name in ("p9", "br0"):
        with pytest.raises(LabError, match=f"no port {name}; it has p1"):
            switch.port_admin(name, True)
        with pytest.raises(LabError, match="no port"):
            switch.forwards(name)


def test_what_open_vswitch_refuses_is_told_in_its_own_words(own: OvsSwitch) -> None:
    own.group("po1", ["p1", "p2"])
    own.node.cmd("ip link del dev p2")
    with pytest.raises(LabError, match=r"sw1: .*could not open network device p2"):
        own.ungroup("po1")


def test_a_dead_daemon_is_a_broken_lab(own: OvsSwitch) -> None:
    for daemon in own._daemons._running.values():
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait()
    for use in (own.flush, lambda: own.group("po1", ["p1"])):
        with pytest.raises(LabBroken, match="sw1: ovsdb-server ended with status -9"):
            use()


def test_without_the_programs_it_says_how_to_get_them(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovs_daemons, "search_path", lambda: "/nowhere")
    with pytest.raises(LabBroken, match=r"run \./setup\.sh"):
        Testbed.build(topologies.build("lacp_switch:ovs"), run_dir)


def left_behind(run_dir: Path) -> set[str]:
    """Processes of Open vSwitch in the sandbox, and files of the run but logs."""
    files = {str(path) for path in run_dir.rglob("*") if path.parent.name != "processes"}
    programs = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry != str(os.getpid()):
            try:
                programs.add(f"{entry} {Path(f'/proc/{entry}/comm').read_text().strip()}")
            except OSError:
                continue
    return (files - {str(run_dir / "processes")}) | {name for name in programs if " ov" in name}


def test_nothing_is_left(run_dir: Path) -> None:
    before = left_behind(run_dir)
    with Testbed.build(topologies.build("lacp_switch:two_ovs"), run_dir) as bed:
        ovs(bed, "switch_a").group("po1", ["p1"], lacp=Lacp())
        assert len(left_behind(run_dir) - before) > 4  # two daemons for each switch, and their files
    assert left_behind(run_dir) == before


def test_nothing_is_left_of_a_build_that_fails(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = left_behind(run_dir)

    def fail(*_arguments: object) -> None:
        assert len(left_behind(run_dir) - before) > 2
        raise LabError("no more")

    monkeypatch.setattr(testbed, "switch_on", fail)
    with pytest.raises(LabError, match="no more"):
        Testbed.build(topologies.build("lacp_switch:ovs"), run_dir)
    assert left_behind(run_dir) == before
