"""Mininet's tests between hosts of which some have no address."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from lab.errors import LabError
from lab.net import LabNet, _rates


def net(**addresses: str | None) -> Any:
    made = LabNet(controller=None, build=False)
    made.hosts = [SimpleNamespace(name=name, IP=lambda ip=ip: ip) for name, ip in addresses.items()]
    return made


def test_all_hosts_with_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    made = net(host1="10.0.0.1", idle=None, peer="10.0.0.2")
    assert [host.name for host in made._addressed()] == ["host1", "peer"]


def test_a_host_that_was_asked_for_must_have_one() -> None:
    made = net(host1="10.0.0.1", idle=None, peer="10.0.0.2")
    with pytest.raises(LabError, match=r"^idle: no address$"):
        made.iperf([made.hosts[0], made.hosts[1]])


def test_one_address_is_not_enough() -> None:
    for call in ("pingAll", "pingPair", "pingAllFull", "pingPairFull", "iperf"):
        with pytest.raises(LabError, match="two hosts with addresses"):
            getattr(net(host1="10.0.0.1", idle=None), call)()


def test_rates() -> None:
    tcp = {"end": {"sum_sent": {"bits_per_second": 2e9}, "sum_received": {"bits_per_second": 1e9}}}
    assert _rates(json.dumps(tcp)) == (1e9, 2e9)
    assert _rates(json.dumps({"end": {"sum": {"bits_per_second": 5e6}}})) == (5e6, 5e6)  # UDP, older iperf3


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (json.dumps({"error": "unable to connect"}), "iperf3: unable to connect"),
        ("bash: iperf3: command not found", "iperf3: bash: iperf3: command not found"),
        ("", "iperf3: no answer"),
    ],
)
def test_what_iperf3_could_not_do(told: str, words: str) -> None:
    with pytest.raises(LabError, match=f"^{words}$"):
        _rates(told)
