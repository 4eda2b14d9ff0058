"""Starting and stopping the network of the host under test by configuration files, with `bondctl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.cases import BondDriver, BondHandle, Testbed, eventually
from lab.drivers.userspace import UserspaceBond, UserspaceDriver
from lab.errors import DriverLacks
from lab.hosts.base import Completed

Files = Mapping[str, str]


class Network:
    """The network of the host under test, at first with all NICs down; files are written to a fresh place."""

    def __init__(self, bed: Testbed, driver: BondDriver) -> None:
        if not isinstance(driver, UserspaceDriver):
            raise DriverLacks("bondctl, which reads the files of network scripts")
        self.bed, self.host = bed, bed.host("host")
        self._daemon = driver.daemon(self.host)
        self._count = 0
        for nic in self.host.nics:
            self.host.run(["ip", "link", "set", "dev", nic, "down"])
        for cable in bed.cables_of("host"):
            cable.settle()

    def write(self, files: Files) -> Path:
        """A directory with these files, named by their path in it."""
        self._count += 1
        directory = self.bed.run_dir / f"network{self._count}"
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        return directory

    def bondctl(self, *words: str | Path, check: bool = True) -> Completed:
        """Run bondctl on the host."""
        command = ["env", f"BONDD_SOCKET={self._daemon.socket}", "bondctl", *map(str, words)]
        return self.host.run(command, check=check)

    def start(self, files: Files, *words: str) -> list[str]:
        """Start what the files say; the bonds that were started."""
        return self.bondctl("apply", self.write(files), *words).stdout.split()

    def refusal(self, files: Files, *words: str) -> str:
        """What is said against starting it; no bond may be left of the attempt."""
        before = self.bonds()
        done = self.bondctl("apply", self.write(files), *words, check=False)
        assert done.returncode == 1
        assert self.bonds() == before
        return done.stderr

    def bonds(self) -> list[str]:
        """The bonds that are there, each with its device."""
        names = self.bondctl("list").stdout.split()
        assert set(names) == {name for name in self.links() if name.startswith("bond") and "." not in name}
        return names

    def bond(self, name: str = "bond0") -> BondHandle:
        """A bond that was started."""
        return UserspaceBond(name, self.host, self._daemon)

    def links(self) -> dict[str, dict[str, Any]]:
        """What `ip` tells of each interface."""
        shown = json.loads(self.host.run(["ip", "-j", "addr", "show"]).stdout)
        return {link["ifname"]: link for link in shown}

    def ipv4(self, name: str = "bond0") -> list[tuple[str, int, str]]:
        """Address, prefix length and broadcast address of an interface."""
        return [
            (each["local"], each["prefixlen"], each.get("broadcast", ""))
            for each in self.links()[name]["addr_info"]
            if each["family"] == "inet"
        ]

    def is_up(self, name: str) -> bool:
        """Whether it is administratively up."""
        return "UP" in self.links()[name]["flags"]

    def reaches(self, address: str, prefix: int, name: str = "bond0") -> None:
        """Give the peer an address; frames of a ping must pass over the bond's network."""
        peer = self.bed.host("peer")
        peer.run(["ip", "addr", "add", f"{address}/{prefix}", "dev", peer.nics[0]])
        ping = ["ping", "-c1", "-W1", "-I", name, address]
        eventually(
            lambda: self.host.run(ping, check=False).returncode == 0, within=10.0, what=f"{address} answers"
        )
