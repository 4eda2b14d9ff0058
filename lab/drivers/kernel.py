"""The driver that is Linux' own, on a host whose kernel has it: a guest, or a namespace on such a machine.

Through sysfs and /proc inside the host; in a guest through the module's parameters, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.drivers import vlan_devices
from lab.drivers.base import BondHandle, Created, Era
from lab.drivers.sysfs import (
    LOGGED,
    MASTERS,
    READ,
    FileRefused,
    file,
    files,
    in_order,
    in_words,
    log_since,
    logged_at,
    write,
)
from lab.errors import DriverLacks, DriverRefused, LabBroken, LabError
from lab.hosts.base import Host
from lab.procfile import BondView, parse

FIRST_BOND = "bond0"  # the name that the module itself gives
PARAMETERS = frozenset(
    (
        *("mode", "miimon", "updelay", "downdelay", "use_carrier", "primary", "primary_reselect"),
        *("arp_interval", "arp_ip_target", "arp_validate", "arp_all_targets", "lacp_rate", "ad_select"),
        *("min_links", "xmit_hash_policy", "fail_over_mac", "all_slaves_active", "resend_igmp"),
        *("packets_per_slave", "lp_interval", "num_grat_arp", "num_unsol_na", "tx_queues"),
    )
)
"""Options that are parameters of the module."""
WORDS = frozenset(
    (
        *("mode", "lacp_rate", "ad_select", "xmit_hash_policy", "fail_over_mac"),
        *("primary_reselect", "arp_validate", "arp_all_targets"),
    )
)
"""Those for which the module takes certain words only; of any other bad value it makes the default."""
REFUSED = 3

# Arguments: a file that is there with the module, "anew" or nothing, parameters. Prints the kernel's release,
# the last line of its log before, and all lines of its log since.
# Ends with REFUSED when the module is there but would not be loaded so.
_LOAD = r"""
masters=$1 anew=$2
shift 2
before=$(dmesg)
printf '%s\n%s\n' "$(uname -r)" "${before##*$'\n'}"
if [ "$anew" ]; then
    [ ! -e "$masters" ] || modprobe -r bonding || exit
elif [ -e "$masters" ]; then
    exit 0
fi
modprobe -n bonding || exit
modprobe bonding "$@"
status=$?
log=$(dmesg)
printf '%s\n' "${log#"$before"}"
[ $status = 0 ] || exit 3
"""


class KernelDriver:
    """BondDriver on the kernel of each host. `bonds` are those that are there, on all hosts.

    `created` is told the host and the options of each bond that is made.
    """

    name = "kernel"
    era: Era = "6.x"

    def __init__(self, created: Created | None = None) -> None:
        self.bonds: list[BondHandle] = []
        self.version = ""  # known once a bond has been asked for
        self._created = created

    def create(self, host: Host, name: str, options: Mapping[str, str]) -> KernelBond:
        """Make a bond, down and without slaves, with these options; all or nothing.

        On a host with a kernel of its own the first bond comes as in the HOWTO, with the module, and its
        options are the module's parameters as far as there are such. Any other comes through sysfs; what is
        not said of it is as the parameters have it.
        Raises DriverRefused, or LabBroken when the host's kernel has no bonding driver; DriverLacks when
        parameters of the module would do what sysfs does not, and the host shares its kernel with others.
        """
        request = " ".join(("add", name, *(f"{option}={value}" for option, value in options.items())))
        alone = not any(bond.host is host for bond in self.bonds)
        anew = host.own_kernel and alone
        first = anew and name == FIRST_BOND
        given = {option: value for option, value in options.items() if first and option in PARAMETERS}
        told: list[str] = []
        if alone:
            words = [f"{option}={value}" for option, value in given.items()]
            parameters = (f"max_bonds={int(first)}", *words)
            self.version, since_s, told = self._load(host, request, parameters, anew=anew)
        later = {option: value for option, value in options.items() if option not in given}
        texts = [pair for item in in_order(later) for pair in files(name, *item)]
        if not first:
            texts.insert(0, (MASTERS, f"+{name}"))
        try:
            before_s = write(host, name, request, texts)
        except FileRefused as refused:
            if refused.option != Path(MASTERS).name:  # it is there, but not as it should be
                write(host, name, request, [(MASTERS, f"-{name}")])
            if alone and name == FIRST_BOND and not host.own_kernel and _module_would_take(refused):
                raise DriverLacks(f"only as a parameter of the module, which is loaded: {refused}") from None
            raise
        bond = KernelBond(name, host, self, since_s if alone else before_s, told if first else ())
        self.bonds.append(bond)
        if self._created:
            self._created(host, options)
        return bond

    def _load(
        self, host: Host, request: str, parameters: Sequence[str], *, anew: bool
    ) -> tuple[str, float, list[str]]:
        """Load the driver if it is not there, or `anew`: version, the log's time before, the log since."""
        words = (MASTERS, "anew" if anew else "", *parameters)
        done = host.run(["bash", "-c", _LOAD, "load", *words], check=False)
        release, before, *since = [*done.stdout.splitlines(), "", ""]
        told = [line["text"] for line in filter(None, map(LOGGED.fullmatch, since))]
        if done.returncode == REFUSED:
            answer = done.stderr.strip().rpartition(": ")[2]
            raise DriverRefused(f"{host.name}: {request}", "; ".join([answer, *told]))
        if done.returncode:
            raise LabBroken(f"{host.name}: no bonding driver in its kernel: {done.stderr.strip()}")
        return f"Linux {release}", logged_at(before), told


class KernelBond:
    """BondHandle on a bond of the kernel's; `since_s` is the time in the kernel's log when it was made.

    `told` was logged when the module was loaded for it: those lines do not name the bond.
    """

    def __init__(
        self, name: str, host: Host, driver: KernelDriver, since_s: float, told: Sequence[str] = ()
    ) -> None:
        self.name, self.host = name, host
        self._driver, self._since_s, self._told = driver, since_s, tuple(told)

    def enslave(self, nic: str) -> None:
        """Add a slave. Raises DriverRefused."""
        self._write(f"enslave {self.name} {nic}", "slaves", f"+{nic}")

    def release(self, nic: str) -> None:
        """Detach a slave. Raises DriverRefused."""
        self._write(f"release {self.name} {nic}", "slaves", f"-{nic}")

    def set(self, option: str, value: str) -> None:
        """Change an option of the running bond. Raises DriverRefused."""
        write(self.host, self.name, f"set {self.name} {option} {value}", files(self.name, option, value))

    def mac(self) -> str:
        """The bond's hardware address."""
        return self.host.mac(self.name)

    def add_vlan(self, vlan: int) -> str:
        """Make the device for a VLAN over the bond and bring it up; its name. Raises DriverRefused."""
        return vlan_devices.add(self.host, self.name, vlan)

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device for that VLAN. Raises DriverRefused."""
        vlan_devices.remove(self.host, self.name, vlan)

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down, as a user would."""
        self.host.run(["ip", "link", "set", "dev", self.name, "up" if up else "down"])

    def proc_text(self) -> str:
        """The text of /proc/net/bonding/NAME. Raises DriverRefused when there is none."""
        path = self.proc_file()
        try:
            return self.host.read(path)
        except LabBroken:
            raise
        except LabError as error:
            raise DriverRefused(f"{self.host.name}: read {path}", str(error).rpartition(": ")[2]) from error

    def proc_file(self) -> str:
        """Path, on its host, of the file with that text."""
        return f"/proc/net/bonding/{self.name}"

    def status(self) -> BondView:
        """`proc_text`, parsed."""
        return parse(self.proc_text())

    def options(self) -> Mapping[str, str]:
        """Every option in force as text: words where an option has them, lists with commas."""
        told = self.host.run(["bash", "-c", READ, "read", file(self.name, "")]).stdout
        return {name: in_words(text) for name, _, text in (line.partition(" ") for line in told.splitlines())}

    def log(self) -> str:
        """The driver's log lines about this bond since it was made."""
        since = log_since(self.host, self.name, self._since_s)
        return "\n".join([*(line for line in self._told if line not in since), *since])

    def delete(self) -> None:
        """Remove the bond; its slaves are restored."""
        write(self.host, self.name, f"delete {self.name}", [(MASTERS, f"-{self.name}")])
        if self in self._driver.bonds:
            self._driver.bonds.remove(self)

    def _write(self, request: str, option: str, value: str) -> None:
        write(self.host, self.name, request, [(file(self.name, option), value)])


def _module_would_take(refused: FileRefused) -> bool:
    """Whether it is an option which the module would have taken, or put right with a warning."""
    bad_word = refused.option in WORDS and refused.text.startswith("Invalid argument")
    return refused.option in PARAMETERS and not bad_word
