"""A real SNMP agent on the host under test, snmpd of Net-SNMP, and what its tables say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from lab.cases import Testbed, eventually
from lab.hosts.base import Host

IF_INDEX, IF_DESCR = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2"
IP_AD_ENT_IF_INDEX = "1.3.6.1.2.1.4.20.1.2"
READY_S = 15.0  # in a guest, under load

_ASK = ("-v2c", "-cpublic", "-On", "-Oq", "-Ln")
_ENVIRONMENT = "MIBS="  # numbers will do


class Agent:
    """An agent that answers on the host's loopback."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def walk(self, table: str) -> Mapping[str, str]:
        """A column of a table: value by the index of its row, in the order of the agent."""
        told = self._ask("snmpwalk", table)
        rows = (line.split(" ", 1) for line in told.splitlines())
        return {oid.removeprefix(f".{table}."): value.strip().strip('"') for oid, value in rows}

    def descriptions(self) -> dict[int, str]:
        """ifDescr by ifIndex."""
        return {int(index): text for index, text in self.walk(IF_DESCR).items()}

    def addresses(self) -> dict[str, int]:
        """ipAdEntIfIndex by IP address."""
        return {address: int(index) for address, index in self.walk(IP_AD_ENT_IF_INDEX).items()}

    def rows(self, table: str) -> list[tuple[str, str]]:
        """Index and value of each row, asked for one after the other, each by the name of the one before."""
        found: list[tuple[str, str]] = []
        at = f".{table}"
        while True:
            at, _, value = self._ask("snmpgetnext", at).strip().partition(" ")
            if not at.startswith(f".{table}."):
                return found
            found.append((at.removeprefix(f".{table}."), value))

    def _ask(self, program: str, oid: str) -> str:
        return self._host.run(["env", _ENVIRONMENT, program, *_ASK, "127.0.0.1", oid]).stdout

    def answers(self) -> bool:
        """Whether it is there."""
        asked = ["env", _ENVIRONMENT, "snmpget", *_ASK, "-r0", "-t1", "127.0.0.1", "1.3.6.1.2.1.1.3.0"]
        return self._host.run(asked, check=False).returncode == 0


@contextmanager
def agent(bed: Testbed, *, nameless: Sequence[int] = ()) -> Iterator[Agent]:
    """Start one on the host under test; it calls each interface of the indexes `nameless` "device".

    Skips the case where there is no snmpd.
    """
    host = bed.host("host")
    if host.run(["sh", "-c", "command -v snmpd snmpwalk"], check=False).returncode:
        pytest.skip("no snmpd or no snmpwalk on this machine: Debian's packages snmpd and snmp")
    directory = bed.run_dir / "snmp"
    directory.mkdir(exist_ok=True)
    file = directory / "snmpd.conf"
    overridden = "".join(f'override .{IF_DESCR}.{index} octet_str "device"\n' for index in nameless)
    file.write_text(f"rocommunity public 127.0.0.1\n{overridden}")
    host.run(["mkdir", "-p", str(directory)])
    host.put(file, str(file))
    process = host.start(
        [
            *("env", _ENVIRONMENT, f"SNMP_PERSISTENT_DIR={directory}"),
            *("snmpd", "-f", "-Lo", "-C", "-c", str(file), "-p", str(directory / "pid"), "udp:127.0.0.1:161"),
        ]
    )
    try:
        made = Agent(host)
        eventually(
            made.answers,
            within=READY_S,
            until=lambda there: there or process.poll() is not None,
            what="snmpd answers",
        )
        assert process.poll() is None, f"snmpd has ended: {process.output()}"
        yield made
    finally:
        process.stop()
        shutil.rmtree(directory, ignore_errors=True)
