r"""A bond of Open vSwitch as the driver under test: a bridge of two ports, the host and the bond.

     host's namespace
   +----------------------------------+
   |  bond0 (the bridge's own port)   |      bonding driver      Open vSwitch
   |    |                             |      active-backup        active-backup
   |  bridge bond0                    |      balance-xor          balance-slb, without LACP
   |    |                             |      802.3ad              balance-tcp, with LACP
   |  port bond0-slaves --- eth0      |
   |                    \-- eth1      |
   +----------------------------------+

It forwards in the daemon (userspace datapath), so the kernel must not see the slaves' frames a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.drivers.base import Created
from lab.drivers.foreign import ForeignBond, ForeignDriver, Uncounted, mode_of, pretty, word_of
from lab.drivers.ovs_status import members
from lab.errors import DriverLacks, DriverRefused, LabBroken, LabError
from lab.hosts.base import Host
from lab.hosts.namespace import NamespaceHost
from lab.lacp import NO_SYSTEM
from lab.nodes import log_directory
from lab.procfile import BondView, SlaveView
from lab.procfile_ad import AdView, AggregatorView
from lab.switches.ovs_daemons import Daemons
from lab.switches.ovs_text import lacp_ports
from lab.undo import UndoStack

WHAT = "Open vSwitch"
MODES = {"active-backup": "active-backup", "balance-xor": "balance-slb", "802.3ad": "balance-tcp"}
POLICIES = {"balance-xor": {"vlan+srcmac": ""}, "802.3ad": {"layer3+4": ""}}
"""The hashes that it has in each mode; asked for none, it hashes by that one."""
RATES = {"0": "slow", "slow": "slow", "1": "fast", "fast": "fast"}
SPEAKS = {"on": "active", "1": "active", "off": "passive", "0": "passive"}
AGGREGATOR = 1  # it has but one

# By default a bond takes broadcasts by one of its members only, and moves flows every ten seconds.
STEADY = ("other_config:all-members-active=true", "other_config:bond-rebalance-interval=0")


class OvsDriver(ForeignDriver):
    """BondDriver on an Open vSwitch for each host, which ends when `undo` unwinds; files in `directory`."""

    name = "ovs"

    def __init__(self, directory: Path, undo: UndoStack, created: Created | None = None) -> None:
        super().__init__(created)
        self._directory, self._undo = directory, undo
        self._daemons: dict[str, Daemons] = {}

    def create(self, host: Host, name: str, options: Mapping[str, str]) -> OvsBond:
        """Make a bond, down and without slaves, with these options. Raises DriverLacks, DriverRefused."""
        mode = mode_of(WHAT, options, MODES)
        settings = [word for item in options.items() for word in _settings(mode, *item)]
        bond = OvsBond(name, host, self._daemons_of(host), mode, options, settings)
        self.made(bond, options)
        bond.on_delete = lambda: self.bonds.remove(bond)
        return bond

    def _daemons_of(self, host: Host) -> Daemons:
        if host.name not in self._daemons:
            if not isinstance(host, NamespaceHost):
                raise LabBroken(f"{host.name}: {WHAT} runs on hosts that are namespaces only")
            daemons = Daemons(host.name, host.pid, self._directory, log_directory(self._directory))
            self._undo.push(f"{WHAT} on {host.name}", daemons.stop)
            daemons.start()
            self.version = host.run(["ovs-vswitchd", "--version"]).stdout.splitlines()[0]
            self._daemons[host.name] = daemons
        return self._daemons[host.name]


class OvsBond(ForeignBond):
    """BondHandle on a bridge and its bond; `settings` are those of the bond, as words of ovs-vsctl."""

    def __init__(
        self,
        name: str,
        host: Host,
        daemons: Daemons,
        mode: str,
        options: Mapping[str, str],
        settings: list[str],
    ) -> None:
        super().__init__(name, host, WHAT)
        self._daemons, self._mode, self._settings = daemons, mode, settings
        self._options = dict(options)
        self._port, self._spare = f"{name}-slaves", f"{name}-spare"
        self._slaves: list[str] = []
        self.on_delete: Callable[[], None] = lambda: None
        with self._refusing(f"add {name}"):
            how = "datapath_type=netdev", "fail_mode=standalone"
            daemons.change(("add-br", name), ("set", "Bridge", name, *how))

    def enslave(self, nic: str) -> None:
        """Add a slave and bring it up; the first one gives the bond its address. Raises DriverRefused."""
        with self._refusing(f"enslave {self.name} {nic}"):
            if self._slaves:
                self._daemons.change(("add-bond-iface", self._port, nic))
            else:
                self._make_port(nic)
        self._slaves.append(nic)
        self.host.run(["ip", "link", "set", "dev", nic, "up"])
        drop = f'chain in {{ type filter hook ingress device "{nic}" priority 0; drop\n}}'
        self.host.run(["nft", "-f", "-"], text_in=f"table netdev slave_{nic} {{\n{drop}\n}}")

    def release(self, nic: str) -> None:
        """Detach a slave. Raises DriverRefused."""
        with self._refusing(f"release {self.name} {nic}"):
            last = self._slaves == [nic]  # then the port goes, too: the next first slave makes it anew
            what = ("del-port", self.name, self._port) if last else ("del-bond-iface", self._port, nic)
            self._daemons.change(what)
        self._let_go(nic)

    def set(self, option: str, value: str) -> None:
        """Change an option of the running bond. Raises DriverLacks, DriverRefused."""
        with self._refusing(f"set {self.name} {option} {value}"):
            if option == "active_slave":
                self._daemons.ask("bond/set-active-member", self._port, value)
                return
            settings = self._settings + _settings(self._mode, option, value)
            if self._slaves:
                self._daemons.change(("set", "Port", self._port, *settings))
            self._settings = settings
            self._options[option] = value

    def add_vlan(self, vlan: int) -> str:
        """Make a port of the bridge for the VLAN and bring it up; its name. Raises DriverRefused."""
        name = f"{self.name}.{vlan}"
        with self._refusing(f"add {name}"):
            how = "type=internal", f'mac="{self.mac()}"'
            self._daemons.change(
                ("add-port", self.name, name, f"tag={vlan}"), ("set", "Interface", name, *how)
            )
        self.host.run(["ip", "link", "set", "dev", name, "up"])
        return name

    def remove_vlan(self, vlan: int) -> None:
        """Remove that port. Raises DriverRefused."""
        with self._refusing(f"delete {self.name}.{vlan}"):
            self._daemons.change(("del-port", self.name, f"{self.name}.{vlan}"))

    def status(self) -> BondView:
        """What `ovs-appctl` tells of the bond, in the bonding driver's terms."""
        found = members(self._daemons.ask("bond/show", self._port)) if self._slaves else ()
        slaves = [member for member in found if member.name in self._slaves]
        ports = list(lacp_ports(self._daemons.ask("lacp/show", self._port))) if self._speaks_lacp else []
        attached = {port.port: port.partner_system for port in ports if port.attached}
        partner = next(iter(attached.values()), NO_SYSTEM)
        aggregator = AggregatorView(AGGREGATOR, len(attached), AGGREGATOR, 0, partner) if attached else None
        views = tuple(
            SlaveView(
                member.name,
                self._link(member.name) if ports else member.status,
                Uncounted(),
                aggregator_id=AGGREGATOR if member.name in attached else None,
            )
            for member in sorted(slaves, key=lambda member: self._slaves.index(member.name))
        )
        active = next((member.name for member in slaves if member.active), None)
        return BondView(
            version=WHAT,
            mode=self._mode,
            pretty_mode=pretty(self._mode),
            mii_status="up" if any(view.mii_status == "up" for view in views) else "down",
            miimon_ms=int(self._options.get("miimon", 0)),
            updelay_ms=int(self._options.get("updelay", 0)),
            downdelay_ms=int(self._options.get("downdelay", 0)),
            active=active if self._mode == "active-backup" else None,
            primary=self._options.get("primary"),
            ad=AdView(RATES[self._options.get("lacp_rate", "slow")], aggregator) if ports else None,
            slaves=views,
        )

    def delete(self) -> None:
        """Remove the bridge; its slaves are left."""
        self._daemons.change(("del-br", self.name))
        for nic in tuple(self._slaves):
            self._let_go(nic)
        self.on_delete()

    @property
    def _speaks_lacp(self) -> bool:
        return self._mode == "802.3ad" and bool(self._slaves)

    def _make_port(self, nic: str) -> None:
        # One interface alone would not make a bond: a second one, always down, does.
        how = [f"bond_mode={MODES[self._mode]}", f"lacp={'active' if self._mode == '802.3ad' else 'off'}"]
        port = f"name={self._port}", "interfaces=[@slave,@spare]", *how, *STEADY, *self._settings
        self._daemons.change(
            ("set", "Bridge", self.name, f'other_config:hwaddr="{self.host.mac(nic)}"'),
            ("--id=@slave", "create", "Interface", f"name={nic}"),
            ("--id=@spare", "create", "Interface", f"name={self._spare}", "type=internal"),
            ("--id=@port", "create", "Port", *port),
            ("add", "Bridge", self.name, "ports", "@port"),
        )

    def _link(self, nic: str) -> str:
        """The link of a slave by itself: whether it is enabled is LACP's word, too."""
        return "up" if self.host.read(f"/sys/class/net/{nic}/operstate").strip() == "up" else "down"

    def _let_go(self, nic: str) -> None:
        self._slaves.remove(nic)
        self.host.run(["nft", "delete", "table", "netdev", f"slave_{nic}"])

    @contextmanager
    def _refusing(self, request: str) -> Iterator[None]:
        """Tell what Open vSwitch refuses as a driver's refusal."""
        try:
            yield
        except (LabBroken, DriverLacks, DriverRefused):
            raise
        except LabError as error:
            raise DriverRefused(f"{self.host.name}: {request}", str(error)) from error


def _settings(mode: str, option: str, value: str) -> list[str]:
    """Words of `ovs-vsctl set Port` for an option of the bonding driver. Raises DriverLacks."""
    if option == "mode":
        return []
    if option == "miimon":
        if value == "0":
            raise DriverLacks(f"{WHAT} always monitors links")
        return ["other_config:bond-detect-mode=miimon", f"other_config:bond-miimon-interval={value}"]
    if option in ("updelay", "downdelay"):
        return [f"bond_{option}={value}"]
    if option == "primary" and mode == "active-backup":
        return [f"other_config:bond-primary={value}"]
    if option == "lacp_rate" and mode == "802.3ad":
        return [f"other_config:lacp-time={word_of(WHAT, option, value, RATES)}"]
    if option == "lacp_active" and mode == "802.3ad":
        return [f"lacp={word_of(WHAT, option, value, SPEAKS)}"]
    if option == "xmit_hash_policy" and mode in POLICIES:
        word_of(WHAT, f"{option} in mode {mode}", value, POLICIES[mode])
        return []
    raise DriverLacks(f"{WHAT} has no {option} in mode {mode}")
