"""Namespace hosts: commands, background processes, sockets."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.hosts.base import Host, Process
from lab.testbed import Testbed
from lab.waiting import eventually

pytestmark = pytest.mark.root


def test_it_is_a_host(pair: Testbed) -> None:
    host: Host = pair.host("host")
    process: Process = host.start(["true"])
    assert eventually(lambda: process.poll() is not None, within=5)
    assert host.nics == ("eth0", "eth1", "eth2", "eth3")


def test_run(pair: Testbed) -> None:
    host = pair.host("host")
    done = host.run(["sh", "-c", "cat; echo oops >&2; exit 3"], check=False, text_in="given")
    assert (done.returncode, done.stdout, done.stderr) == (3, "given", "oops\n")
    with pytest.raises(LabError, match="host1: false: status 1"):
        host.run(["false"])


def test_read(pair: Testbed) -> None:
    host = pair.host("host")
    assert "eth3" in host.read("/proc/net/dev")
    with pytest.raises(LabError, match="No such file"):
        host.read("/nowhere")


def test_it_sees_its_own_interfaces_only(pair: Testbed) -> None:
    names = pair.host("host").run(["ls", "/sys/class/net"]).stdout.split()
    assert names == ["eth0", "eth1", "eth2", "eth3", "lo"]


def test_run_gives_up_in_time(pair: Testbed) -> None:
    begun = time.monotonic()
    with pytest.raises(LabError, match=r"not done within 0\.1 s; it printed: so far"):
        pair.host("host").run(["sh", "-c", "echo so far; sleep 100"], timeout_s=0.1)
    assert time.monotonic() - begun < 2


def test_run_does_not_wait_for_a_daemon_that_holds_the_output(pair: Testbed) -> None:
    begun = time.monotonic()
    done = pair.host("host").run(["sh", "-c", "echo started; setsid sleep 100 &"])
    assert done.stdout == "started\n"
    assert time.monotonic() - begun < 2


def test_environment(pair: Testbed) -> None:
    host = pair.host("peer")
    host.env["WHO"] = "peer"
    assert host.run(["sh", "-c", "echo $WHO"]).stdout == "peer\n"
    assert pair.host("host").run(["sh", "-c", "echo $WHO"]).stdout == "\n"
    assert host.run(["sh", "-c", "command -v bondctl"]).returncode == 0
    del host.env["WHO"]


def test_start_and_stop(pair: Testbed) -> None:
    host = pair.host("host")
    polite = host.start(
        ["sh", "-c", "trap 'echo bye; exit 5' TERM; echo hello; while :; do sleep 0.01; done"]
    )
    eventually(lambda: polite.output() == "hello\n", within=5)
    assert polite.poll() is None
    assert polite.stop() == 5
    assert polite.output().startswith("hello\n")
    assert polite.output().endswith("bye\n")
    deaf = host.start(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"])
    eventually(lambda: deaf.output() == "deaf\n", within=5)
    assert deaf.stop(within_s=0.05) == -signal.SIGKILL
    assert deaf.poll() == -signal.SIGKILL


def test_files(pair: Testbed, tmp_path: Path) -> None:
    host = pair.host("host")
    (tmp_path / "a").write_text("text")
    host.put(tmp_path / "a", str(tmp_path / "b"))
    host.get(str(tmp_path / "b"), tmp_path / "c")
    assert (tmp_path / "c").read_text() == "text"


def test_addresses_are_readable_and_the_host_under_test_comes_first(star: Testbed) -> None:
    macs = [star.host("host").mac(nic) for nic in star.host("host").nics]
    assert macs == [f"02:00:00:00:00:0{number}" for number in (1, 2, 3, 4)]
    assert star.host("peer_b").mac("eth0") == "02:00:00:00:00:06"


def test_no_ipv6_unless_asked_for(pair: Testbed) -> None:
    host = pair.host("host")
    assert not host.run(["ip", "-6", "addr", "show", "dev", "eth0"]).stdout
    host.set_ipv6(True)
    try:
        assert "fe80" in host.run(["ip", "-6", "addr", "show", "dev", "eth0"]).stdout
    finally:
        host.set_ipv6(False)


def test_packet_socket_of_no_interface(pair: Testbed) -> None:
    with pytest.raises(OSError, match="No such device"):
        pair.host("host").packet_socket("eth9")


def test_mininet_knows_the_testbed(star: Testbed) -> None:
    from mininet.cli import CLI

    class Quiet(CLI):  # type: ignore[misc]
        def run(self) -> None:
            """No prompt."""

    with Path(os.devnull).open() as nothing:
        cli = Quiet(star.net, stdin=nothing)
        for command in ("net", "links", "nodes", "dump", "station1 ip link show eth0"):
            cli.onecmd(command)
    assert star.net.get("station1").cmd("cat /sys/class/net/eth0/address").strip() == "02:00:00:00:00:05"
