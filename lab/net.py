"""Mininet's tests between hosts (`pingall`, `iperf` and their like) where some hosts have no address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mininet.log import output
from mininet.net import Mininet

from lab.errors import LabError
from lab.waiting import eventually

# Mininet.init() would raise this process's limits: its mnexec then closes 64k descriptors at each start.
Mininet.inited = True


class LabNet(Mininet):  # type: ignore[misc]  # mininet has no annotations
    """The book-keeping that `mininet.cli.CLI` reads. Its tests raise LabError where they cannot be done."""

    def ping(self, hosts: Sequence[Any] | None = None, timeout: str | None = None) -> float:
        """Ping between all hosts that have addresses, or between these; the loss in percent."""
        lost: float = super().ping(self._addressed(hosts), timeout)
        return lost

    def pingFull(self, hosts: Sequence[Any] | None = None, timeout: str | None = None) -> Any:
        """The same with the times taken."""
        return super().pingFull(self._addressed(hosts), timeout)

    def pingPair(self) -> float:
        """Ping between the first two hosts that have addresses."""
        return self.ping(self._addressed()[:2])

    def pingPairFull(self) -> Any:
        """The same with the times taken."""
        return self.pingFull(self._addressed()[:2])

    def iperf(
        self,
        hosts: Sequence[Any] | None = None,
        l4Type: str = "TCP",
        udpBw: str = "10M",
        fmt: str | None = None,
        seconds: int = 5,
        port: int = 5201,
    ) -> list[str]:
        """What arrives and what is sent from the first to the second host (or the first and last), by iperf3.

        Mininet's own wants iperf of version 2 and telnet, and waits for ever when they are missing.
        """
        among = self._addressed(hosts)
        client, server = among[0], among[-1]
        output("*** Iperf: testing", l4Type, "bandwidth between", client, "and", server, "\n")
        server.cmd(f"iperf3 --server --one-off --daemon --port {port}")
        eventually(lambda: server.cmd(f"ss -Hltn 'sport = :{port}'"), within=5.0, what="iperf3 listens")
        options = f"--udp --bitrate {udpBw}" if l4Type == "UDP" else ""
        told = client.cmd(
            f"iperf3 --client {server.IP()} --port {port} --time {seconds} {options} --json 2>&1"
        )
        result = [udpBw] if options else []
        result += [f"{rate / 1e6:.4g} Mbit/s" for rate in _rates(told)]
        output(f"*** Results: {result}\n")
        return result

    def _addressed(self, hosts: Sequence[Any] | None = None) -> list[Any]:
        """The hosts that have addresses; of those that were asked for, every one must."""
        without = [host.name for host in hosts or self.hosts if not host.IP()]
        if hosts and without:
            raise LabError(f"{' and '.join(without)}: no address")
        if without:
            output(f"*** without an address, left out: {' '.join(without)}\n")
        among = [host for host in hosts or self.hosts if host.name not in without]
        if len(among) < 2:
            raise LabError("this takes two hosts with addresses")
        return among


def _rates(told: str) -> tuple[float, float]:
    """Bits a second that arrived and that were sent, from iperf3's JSON. Raises LabError as it tells."""
    try:
        report = json.loads(told)
    except ValueError as error:
        raise LabError(f"iperf3: {told.strip() or 'no answer'}") from error
    if "error" in report:
        raise LabError(f"iperf3: {report['error']}")
    end = report["end"]
    received = end.get("sum_received") or end["sum"]
    sent = end.get("sum_sent") or end["sum"]
    return received["bits_per_second"], sent["bits_per_second"]
