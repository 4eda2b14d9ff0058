"""The team driver and its daemon teamd as the driver under test, on a host whose kernel has it: a guest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from lab.drivers import vlan_devices
from lab.drivers.foreign import ForeignBond, ForeignDriver, mode_of, word_of
from lab.drivers.team_status import view
from lab.errors import DriverDied, DriverLacks, DriverRefused
from lab.hosts.base import Host, Process
from lab.procfile import BondView
from lab.waiting import eventually

WHAT = "the team driver"
RUNNERS = {
    "balance-rr": "roundrobin",
    "active-backup": "activebackup",
    "balance-xor": "loadbalance",
    "broadcast": "broadcast",
    "802.3ad": "lacp",
}
MODULES = (
    "team",
    *(f"team_mode_{name}" for name in ("activebackup", "broadcast", "loadbalance", "roundrobin")),
)
HASHES = {"layer2": "eth", "layer2+3": "eth ip", "layer3+4": "ip l4", "0": "eth", "1": "ip l4", "2": "eth ip"}
YES = {"1": "true", "fast": "true", "on": "true", "0": "false", "slow": "false", "off": "false"}
HASHED, WITH_LACP = ("balance-xor", "802.3ad"), ("802.3ad",)
DELAYS = {"updelay": "delay_up", "downdelay": "delay_down"}
AGAIN = {"num_grat_arp": "notify_peers", "num_unsol_na": "notify_peers", "resend_igmp": "mcast_rejoin"}
PREFERRED = 100  # a port's priority; others have 0
START_S = 15.0


def missing() -> str | None:
    """Why no team can be had on this machine, in words; None when one can."""
    there = shutil.which("teamd") and shutil.which("teamdctl")
    return None if there else "no teamd here: install the Debian package libteam-utils"


class TeamDriver(ForeignDriver):
    """BondDriver on the team driver of each host; one teamd for each bond."""

    name = "team"

    def create(self, host: Host, name: str, options: Mapping[str, str]) -> TeamBond:
        """Make a team, down and without ports. Raises DriverLacks, DriverRefused, DriverDied."""
        mode = mode_of(WHAT, options, RUNNERS)
        config = config_of(mode, options)
        host.run(["modprobe", "-a", *MODULES])
        host.run(["mkdir", "-p", "/run/teamd"])
        self.version = f"{host.run(['teamd', '--version']).stdout.strip()}, Linux {_release(host)}"
        process = host.start(["teamd", "-t", name, "-c", json.dumps(config)])
        bond = TeamBond(name, host, self, process, mode, options)
        bond.wait_ready()
        self.made(bond, options)
        return bond


class TeamBond(ForeignBond):
    """BondHandle on a team and its daemon."""

    def __init__(
        self,
        name: str,
        host: Host,
        driver: TeamDriver,
        process: Process,
        mode: str,
        options: Mapping[str, str],
    ) -> None:
        super().__init__(name, host, WHAT)
        self._driver, self._process, self._mode = driver, process, mode
        self._options = dict(options)

    def wait_ready(self) -> None:
        """Return when its daemon answers. Raises DriverDied."""

        def answers() -> bool:
            if self._process.poll() is not None:
                raise DriverDied(f"{self.host.name}: teamd for {self.name}: {self._process.output().strip()}")
            done = self.host.run(["teamdctl", self.name, "state", "dump"], check=False)
            return not done.returncode

        eventually(answers, START_S, what=f"{self.host.name}: teamd for {self.name} answers")

    def enslave(self, nic: str) -> None:
        """Add a port. Raises DriverRefused."""
        self._ask("port", "add", nic)
        if nic == self._options.get("primary"):
            self._prefer(nic, PREFERRED)

    def release(self, nic: str) -> None:
        """Remove a port. Raises DriverRefused."""
        self._ask("port", "remove", nic)

    def set(self, option: str, value: str) -> None:
        """Change the active port or the preferred one. Raises DriverLacks, DriverRefused."""
        if option == "active_slave" and self._mode == "active-backup":
            self._ask("state", "item", "set", "runner.active_port", value)
        elif option == "primary" and self._mode == "active-backup":
            if before := self._options.pop("primary", None):
                self._prefer(before, 0)
            self._options["primary"] = value
            self._prefer(value, PREFERRED)
        else:
            raise DriverLacks(f"{WHAT} cannot change {option} while it runs")

    def add_vlan(self, vlan: int) -> str:
        """Make the device for a VLAN over the team and bring it up; its name. Raises DriverRefused."""
        return vlan_devices.add(self.host, self.name, vlan)

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device for that VLAN. Raises DriverRefused."""
        vlan_devices.remove(self.host, self.name, vlan)

    def status(self) -> BondView:
        """What teamd tells of the team, in the bonding driver's terms. Raises DriverRefused."""
        return view(self._ask("state", "dump"), self._mode, self._options)

    def delete(self) -> None:
        """End the daemon, and the team with it."""
        self._process.stop()
        self._driver.bonds.remove(self)

    def _prefer(self, nic: str, priority: int) -> None:
        self._ask("port", "config", "update", nic, json.dumps({"prio": priority}))

    def _ask(self, *words: str) -> str:
        done = self.host.run(["teamdctl", self.name, *words], check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise DriverRefused(f"{self.host.name}: teamdctl {self.name} {' '.join(words)}", said)
        return done.stdout


def config_of(mode: str, options: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of teamd for a bond with these options of the bonding driver. Raises DriverLacks."""
    runner: dict[str, Any] = {"name": RUNNERS[mode]}
    watch: dict[str, Any] = {"name": "ethtool"}
    config: dict[str, Any] = {"runner": runner, "link_watch": watch}
    if mode in HASHED:
        runner["tx_hash"] = ["eth"]
    for option, value in options.items():
        if option == "miimon" and value == "0":
            raise DriverLacks(f"{WHAT} always monitors links")
        if option in ("mode", "miimon") or (option == "primary" and mode == "active-backup"):
            continue  # the kernel tells it of a link: there is no period; the primary is a matter of ports
        if option in DELAYS:
            watch[DELAYS[option]] = int(value)
        elif option in AGAIN:
            config[AGAIN[option]] = {"count": int(value)}
        elif option == "xmit_hash_policy" and mode in HASHED:
            runner["tx_hash"] = word_of(WHAT, option, value, HASHES).split()
        elif option == "lacp_rate" and mode in WITH_LACP:
            runner["fast_rate"] = word_of(WHAT, option, value, YES) == "true"
        elif option == "lacp_active" and mode in WITH_LACP:
            runner["active"] = word_of(WHAT, option, value, YES) == "true"
        elif option == "min_links" and mode in WITH_LACP:
            runner["min_ports"] = int(value)
        else:
            raise DriverLacks(f"{WHAT} has no {option} in mode {mode}, or none that is like it")
    return config


def _release(host: Host) -> str:
    return host.run(["uname", "-r"]).stdout.strip()
