"""Bulk TCP transfers between hosts, by iperf3."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

from lab.cases import eventually
from lab.hosts.base import Host

_ports = itertools.count(5201)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What arrived of a transfer: bytes, and Mbit/s (TCP payload); segments that the sender sent again."""

    received: int
    mbit: float
    retransmits: int


def transfer(client: Host, server: Host, address: str, *options: str) -> Transfer:
    """One run of iperf3 from `client` to the `address` of `server`; `options` are those of its client.

    Raises LabError when it fails.
    """
    port = str(next(_ports))
    listener = server.start(["iperf3", "--server", "--one-off", "--port", port])
    eventually(
        lambda: server.run(["ss", "-Hltn", f"sport = :{port}"]).stdout, within=5.0, what="iperf3 listens"
    )
    try:
        argv = ["iperf3", "--client", address, "--port", port, "--json", *options]
        end = json.loads(client.run(argv).stdout)["end"]
    finally:
        listener.stop()
    arrived, sent = end["sum_received"], end["sum_sent"]
    return Transfer(int(arrived["bytes"]), arrived["bits_per_second"] / 1e6, int(sent["retransmits"]))
