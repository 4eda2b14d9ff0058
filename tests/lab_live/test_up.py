"""`bondlab up`, in processes of its own."""

from __future__ import annotations

import re

import pytest

from tests.lab_live.commands import bondlab


@pytest.mark.parametrize("name", ["single_switch", "host_to_host"])
def test_up_takes_commands_from_a_pipe(name: str) -> None:
    done = bondlab("up", name, "--slaves", "3", text_in="host1 ping -c1 -W2 10.0.0.2\nnodes\n")
    assert done.returncode == 0, done.stderr
    assert f"{name}: host1 is 10.0.0.1 (bond0, active-backup)" in done.stdout
    assert "1 received" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    ["host1 {}", "sh {}", "py host1.popen('{}').communicate()[0]"],
    ids=["node", "sh", "popen as for xterm"],
)
def test_up_bondctl_speaks_to_the_bond_of_the_host(command: str) -> None:
    done = bondlab("up", "single_switch", text_in=command.format("bondctl status bond0 --proc"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Currently Active Slave: eth0" in done.stdout


def test_up_on_every_host_that_has_a_bond() -> None:
    """host2 lives on another socket than host1; each knows its own."""
    given = "host1 ip -br link show dev bond0\nhost1 bondctl show bond0\n"
    done = bondlab("up", "host_to_host", text_in=given + given.replace("host1", "host2"))
    assert (done.returncode, done.stderr) == (0, "")
    told = re.findall(
        r"bond0 +\S+ +([0-9a-f:]{17}) |^bond0: active-backup, .*, ([0-9a-f:]{17}),", done.stdout, re.M
    )
    macs = [device or bond for device, bond in told]
    assert len(macs) == 4
    assert (macs[0], macs[2]) == (macs[1], macs[3])
    assert macs[0] != macs[2]


def test_up_says_what_can_be_typed() -> None:
    begun = bondlab("up", "bladecenter:opm")
    assert "blade1 carries the bond" in begun.stdout
    lines = [line.strip() for line in begun.stdout.splitlines() if line.startswith("  blade1 ")]
    assert len(lines) >= 2
    done = bondlab("up", "bladecenter:opm", text_in="\n".join(lines))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Currently Active Slave: eth0" in done.stdout
    assert " 0% packet loss" in done.stdout


def test_up_with_what_the_driver_refuses_is_one_line() -> None:
    done = bondlab("up", "single_switch", "--mode", "square-robin")
    assert done.returncode == 1
    assert done.stderr.startswith("bondlab: host1: add bond0 mode=square-robin")
    assert done.stderr.count("\n") == 1


def test_up_hosts_answer_to_their_names_and_those_without_address_are_left_out() -> None:
    given = (
        "host1 ping -c1 -W2 station1\n"
        "station2 ip addr flush dev eth0\n"
        "pingall\n"
        "pingpair\n"
        "py net.iperf([host1, station1], seconds=1)\n"
    )
    done = bondlab("up", "single_switch", text_in=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "64 bytes from 10.0.0.2" in done.stdout
    assert "left out: station2\nhost1 -> station1 \nstation1 -> host1 \n" in done.stdout
    assert done.stdout.count("0% dropped (2/2 received)") == 2
    assert re.search(r"Results: \['[\d.e+]+ Mbit/s', '[\d.e+]+ Mbit/s'\]", done.stdout)


def test_up_a_command_that_fails_is_one_line_and_the_lab_stays() -> None:
    given = (
        "iperf host1 sw1\n"
        "dpctl dump\n"
        "station2 ip addr flush dev eth0\n"
        "iperf station1 station2\n"
        "host1 bondctl list\n"
    )
    done = bondlab("up", "single_switch", text_in=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "*** iperf: sw1: no address\n" in done.stdout
    assert "*** dpctl: AttributeError: " in done.stdout
    assert "*** iperf: station2: no address\n" in done.stdout
    assert done.stdout.endswith("bond0\n\n")
