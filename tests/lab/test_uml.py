"""A host that is a User-Mode Linux guest, plugged in by ordinary cables."""

from __future__ import annotations

import gc
import json
import os
import signal
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from lab import frames, testbed
from lab.bonding import HOST_IP, PEER_IP
from lab.capture import Capture
from lab.drivers.kernel import KernelDriver
from lab.errors import LabBroken, LabError
from lab.hosts.base import Host, Process
from lab.hosts.uml import boot, image
from lab.hosts.uml.guest import Guests
from lab.hosts.uml.host import UmlHost
from lab.testbed import Testbed
from lab.topology import Port
from lab.waiting import eventually
from tests.lab.test_testbed import assert_no_more_than, traces
from topologies import kernel_peer

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(image.missing() is not None, reason=image.missing() or ""),
]

PULL_S = 2.0  # measured: 1 ms


class TestCommands:
    def test_it_is_a_host_with_a_kernel_of_its_own(self, guest: UmlHost) -> None:
        host: Host = guest
        assert host.nics == ("eth0", "eth1", "eth2", "eth3")
        assert host.run(["uname", "-r"]).stdout.strip() != os.uname().release
        listed = {name for name in host.run(["ls", "/sys/class/net"]).stdout.split() if "probe" not in name}
        assert listed == {*host.nics, "lo"}

    def test_run(self, guest: UmlHost) -> None:
        done = guest.run(["sh", "-c", "cat; echo oops >&2; exit 3"], check=False, text_in="given")
        assert (done.returncode, done.stdout, done.stderr) == (3, "given", "oops\n")
        with pytest.raises(LabError, match="host2: false: status 1"):
            guest.run(["false"])
        assert guest.run(["sh", "-c", "kill -9 $$"], check=False).returncode == -signal.SIGKILL
        assert guest.run(["no-such-program"], check=False).returncode == 127

    def test_much_text_both_ways(self, guest: UmlHost) -> None:
        text = "".join(f"{number}\n" for number in range(20_000))
        assert guest.run(["cat"], text_in=text).stdout == text

    def test_run_gives_up_in_time(self, guest: UmlHost) -> None:
        with pytest.raises(LabError, match=r"not done within 1 s; it printed: so far"):
            guest.run(["sh", "-c", "echo so far; sleep 100"], timeout_s=1)
        assert "sleep" not in guest.run(["ps", "-eo", "comm"]).stdout

    def test_environment(self, guest: UmlHost) -> None:
        guest.env["WHO"] = "peer"
        assert guest.run(["sh", "-c", "echo $WHO; command -v bondctl"]).stdout.startswith("peer\n/")
        del guest.env["WHO"]

    def test_start_and_stop(self, guest: UmlHost) -> None:
        script = "trap 'echo bye; exit 5' TERM; echo hello; while :; do sleep 0.01; done"
        polite: Process = guest.start(["sh", "-c", script])
        eventually(lambda: polite.output() == "hello\n", within=10)
        assert polite.poll() is None
        assert polite.stop() == 5
        assert polite.poll() == 5
        assert polite.output().startswith("hello\n")
        assert polite.output().endswith("bye\n")
        deaf = guest.start(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"])
        eventually(lambda: deaf.output() == "deaf\n", within=10)
        assert deaf.stop(within_s=0.05) == -signal.SIGKILL

    def test_files(self, guest: UmlHost, tmp_path: Path) -> None:
        (tmp_path / "script").write_bytes(b"#!/bin/sh\necho '\xff'\n")
        (tmp_path / "script").chmod(0o755)
        remote = str(tmp_path / "inside")
        guest.put(tmp_path / "script", remote)
        guest.run([remote])
        assert not Path(remote).exists(), "what a guest writes it keeps to itself"
        guest.get(remote, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == (tmp_path / "script").read_bytes()

    def test_read(self, guest: UmlHost) -> None:
        assert guest.read("/proc/sys/kernel/osrelease") == guest.run(["uname", "-r"]).stdout
        with pytest.raises(LabError, match="host2: /nowhere: No such file or directory"):
            guest.read("/nowhere")

    def test_mininets_command_line_leads_into_the_guest(self, guest_bed: Testbed, guest: UmlHost) -> None:
        release = guest.run(["uname", "-r"]).stdout.strip()
        told = guest_bed.net.get("host2").cmd("uname", "-r; cd nowhere; seq 2000").splitlines()
        assert told[0] == release
        assert told[-2:] == ["2000", "sh: 1: cd: can't cd to nowhere"]

    def test_no_ipv6_unless_asked_for(self, guest: UmlHost) -> None:
        shown = ["ip", "-6", "address", "show", "dev", "eth1"]
        assert not guest.run(shown).stdout
        guest.set_ipv6(True)
        try:
            assert "fe80" in guest.run(shown).stdout
        finally:
            guest.set_ipv6(False)


class TestCables:
    def test_carrier_follows_the_cable(self, guest_bed: Testbed, guest: UmlHost) -> None:
        cable = guest_bed.slave_cable(1)
        cable.pull()
        assert not guest.interfaces.carrier("eth1")
        assert guest.interfaces.is_up("eth1")
        assert guest.interfaces.carrier("eth0"), "another cable is not concerned"
        begun = time.monotonic()
        cable.plug()
        assert guest.interfaces.ready("eth1")
        assert time.monotonic() - begun < PULL_S

    def test_a_command_in_the_guest_sees_the_same(self, guest_bed: Testbed, guest: UmlHost) -> None:
        told = guest.run(["ethtool", "eth1"]).stdout
        lines = {line.strip() for line in told.splitlines()}
        assert {"Speed: 10000Mb/s", "Duplex: Full", "Link detected: yes"} <= lines
        guest_bed.slave_cable(1).pull()
        assert "Link detected: no" in guest.run(["ethtool", "eth1"]).stdout
        guest_bed.slave_cable(1).plug()

    def test_the_far_end_follows_the_guests_nic(self, guest_bed: Testbed, guest: UmlHost) -> None:
        carrier = guest_bed.host("host").interfaces.carrier
        guest.run(["ip", "link", "set", "dev", "eth1", "down"])
        eventually(lambda: not carrier("eth1"), within=PULL_S)
        assert carrier("eth0")
        guest.run(["ip", "link", "set", "dev", "eth1", "up"])
        guest_bed.slave_cable(1).settle()
        assert carrier("eth1")
        assert guest.interfaces.carrier("eth1")

    def test_a_nic_that_is_down_on_the_other_side_is_no_link(
        self, guest_bed: Testbed, guest: UmlHost
    ) -> None:
        guest_bed.host("host").interfaces.set_up("eth1", False)
        eventually(lambda: not guest.interfaces.carrier("eth1"), within=PULL_S)
        guest_bed.host("host").interfaces.set_up("eth1", True)
        eventually(lambda: guest.interfaces.carrier("eth1"), within=PULL_S)

    def test_ping_is_seen_on_the_cable(
        self, guest_bed: Testbed, guest: UmlHost, guest_capture: Capture
    ) -> None:
        since_s = guest_capture.mark()
        guest_bed.host("host").run(["ping", "-c", "1", "-W", "5", PEER_IP])
        guest.run(["ping", "-c", "1", "-W", "5", HOST_IP])
        guest_capture.settle()
        end = Port("host2", "eth0")
        assert guest.mac("eth0") == "02:00:00:00:00:05"
        for sent, source in ((True, guest.mac("eth0")), (False, guest_bed.host("host").mac("eth0"))):
            seen = guest_capture.frames(
                end, sent, since_s, lambda frame: frames.ethertype(frame) == frames.ETH_IP
            )
            assert {frames.src_mac(frame.data) for frame in seen} == {source}
            assert len(seen) == 2

    def test_frames_with_a_tag_pass(self, guest_bed: Testbed, guest: UmlHost, guest_capture: Capture) -> None:
        guest.run(["ip", "link", "add", "link", "eth0", "name", "eth0.7", "type", "vlan", "id", "7"])
        guest.run(["ip", "link", "set", "dev", "eth0.7", "up"])
        guest.run(["ip", "address", "add", "10.7.0.2/24", "dev", "eth0.7"])
        since_s = guest_capture.mark()
        host = guest_bed.host("host")
        with host.packet_socket("eth0", 0) as sock:
            sock.send(frames.arp_request(host.mac("eth0"), "10.7.0.1", "10.7.0.2", vlan_id=7))

        def replies() -> list[int | None]:
            end = Port("host1", "eth0")
            is_reply = partial(frames.is_arp_reply, sender_ip="10.7.0.2")
            return [frames.vlan(reply.data) for reply in guest_capture.frames(end, False, since_s, is_reply)]

        eventually(lambda: replies() == [7], within=5)
        guest.run(["ip", "link", "delete", "dev", "eth0.7"])

    def test_tcp_and_jumbo_frames(self, guest_bed: Testbed, guest: UmlHost) -> None:
        host = guest_bed.host("host")
        for reverse in ([], ["-R"]):
            server = host.start(["iperf3", "-s", "-1", "--forceflush"])
            eventually(server.output, within=5, until=lambda said: "listening" in said)
            guest.run(["iperf3", "-c", HOST_IP, "-n", "20M", *reverse])
        for node in (host, guest):
            node.run(["ip", "link", "set", "dev", "eth0", "mtu", "9000"])
        host.run(["ping", "-c", "1", "-W", "5", "-M", "do", "-s", "8900", PEER_IP])
        for node in (host, guest):
            node.run(["ip", "link", "set", "dev", "eth0", "mtu", "1500"])


def test_nothing_is_left_of_a_guest(run_dir: Path) -> None:
    topology = kernel_peer.build(slaves=1)
    gc.collect()
    before = traces()
    with Testbed.build(topology, run_dir) as bed:
        bed.host("peer").start(["sleep", "1000"])
    assert_no_more_than(before)
    assert {path.name for path in run_dir.rglob("*") if path.is_file()} == {
        "guest1-console.log",
        "host2-console.log",
    }


def test_a_guest_goes_from_testbed_to_testbed(run_dir: Path) -> None:
    """Everything but its kernel is new each time."""
    gc.collect()
    before = traces()
    with closing(Guests(run_dir)) as guests:
        seen = use_thrice(guests, run_dir)
    assert seen[0] == seen[2] != seen[1], "it was not kept"
    assert_no_more_than(before)


def use_thrice(guests: Guests, run_dir: Path) -> list[str]:
    """Which kernels the testbeds had, of which each found its guest empty and left something in it."""
    seen = []
    for number, slaves in enumerate((2, 1, 2)):
        with Testbed.build(kernel_peer.build(slaves), run_dir / f"bed{number}", guests) as bed:
            guest = bed.host("peer")
            seen.append(guest.read("/proc/sys/kernel/random/boot_id"))
            listed = json.loads(guest.run(["ip", "-j", "address", "show"]).stdout)
            assert [link["ifname"] for link in listed] == ["lo", *guest.nics]
            assert [link["address"] for link in listed[1:]] == [
                f"02:00:00:00:00:{slaves + n + 1:02x}" for n in range(slaves)
            ]
            assert all(link["addr_info"] == [] for link in listed[1:])
            assert "sleep" not in guest.run(["ps", "-eo", "comm"]).stdout
            assert guest.run(["dmesg"]).stdout.count("bond0: ") == 0
            for nic in guest.nics:
                guest.interfaces.set_up(nic, False)
            bond = KernelDriver().create(guest, "bond0", {"mode": "active-backup", "miimon": "100"})
            bond.set_up(True)
            bond.enslave("eth0")
            guest.run(["ip", "link", "add", "link", "bond0", "name", "bond0.7", "type", "vlan", "id", "7"])
            guest.run(["ip", "address", "add", "10.0.0.1/24", "dev", "bond0"])
            guest.start(["sh", "-c", "setsid sleep 1000 & sleep 1000"])
            guest.packet_socket("bond0").close()
    return seen


def test_nothing_is_left_of_a_build_that_fails(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise LabError("no more")

    monkeypatch.setattr(testbed, "lay_cables", fail)
    gc.collect()
    before = traces()
    with pytest.raises(LabError, match="no more"):
        Testbed.build(kernel_peer.build(), run_dir)
    assert_no_more_than(before)


def test_a_guest_that_ends_is_the_labs_fault(run_dir: Path) -> None:
    with Testbed.build(kernel_peer.build(slaves=1), run_dir) as bed:
        peer = bed.host("peer")
        process = peer.start(["sleep", "1000"])
        with pytest.raises(LabBroken, match=r"guest1: the guest has ended by itself; its console ends with:"):
            peer.run(["python3", "-c", "import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)"])
        with pytest.raises(LabBroken, match="ended by itself"):
            process.poll()
        with pytest.raises(LabBroken, match="ended by itself"):
            peer.mac("eth0")
        bed.host("host").run(["true"])


def test_a_guest_that_does_not_boot(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "INIT", ("-S", "-c", "1/0"))
    with pytest.raises(
        LabBroken, match=r"(?s)guest1: the guest has ended by itself; .*ZeroDivisionError.*panic"
    ):
        Testbed.build(kernel_peer.build(slaves=1), run_dir)


def test_no_guest_without_its_kernel(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "PROGRAM", "linux.nowhere")
    with pytest.raises(
        LabBroken, match="guest1: no User-Mode Linux here: install the Debian package user-mode"
    ):
        Testbed.build(kernel_peer.build(), run_dir)
