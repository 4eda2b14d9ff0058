"""The driver that is Linux' own, on any host whose kernel has it: through sysfs and /proc inside the host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lab.drivers.base import BondHandle, Created, Era
from lab.errors import DriverRefused, LabBroken, LabError
from lab.hosts.base import Host
from lab.procfile import BondView, parse

MASTERS = "/sys/class/net/bonding_masters"
ALIASES: Mapping[str, str] = {
    "num_unsol_na": "num_grat_arp",
    "peer_notify_delay": "peer_notif_delay",
    "missed_max": "arp_missed_max",
}
"""Other spellings of options -> the file in sysfs."""
FIRST = ("mode", "arp_interval", "miimon")
"""Written before the others, which depend on them; as for the driver's parameters, miimon wins."""
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
REFUSED = 3
TARGETS = ("arp_ip_target", "ns_ip6_target")

# Arguments: file, text, file, text ... Prints the last line of the log before it writes.
# In bash, whose printf tells what the kernel answered.
_WRITE = """
log=$(dmesg)
printf '%s\\n' "${log##*$'\\n'}"
while [ $# -gt 0 ]; do
    [ -e "$1" ] || { echo "no such option: ${1##*/}" >&2; exit 1; }
    printf '%s\\n' "$2" >"$1" || exit 1
    shift 2
done
"""
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
# Argument: a directory. Prints the name and the text of each file in it that can be read, a line each.
_READ = """
cd "$1" || exit
for file in *; do
    text=$(<"$file") 2>/dev/null && printf '%s %s\n' "$file" "$text"
done
exit 0
"""
_LOGGED = re.compile(r"\[ *(?P<at_s>\d+\.\d+)\] (?P<text>.*)")


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
        Raises DriverRefused, or LabBroken when the host's kernel has no bonding driver.
        """
        request = " ".join(("add", name, *(f"{option}={value}" for option, value in options.items())))
        anew = host.own_kernel and not any(bond.host is host for bond in self.bonds)
        first = anew and name == FIRST_BOND
        given = {option: value for option, value in options.items() if first and option in PARAMETERS}
        words = [f"{option}={value}" for option, value in given.items()]
        parameters = (f"max_bonds={int(first)}", *words)
        self.version, since_s, told = self._load(host, request, parameters, anew=anew)
        if not first:
            write(host, name, request, [(MASTERS, f"+{name}")])
        bond = KernelBond(name, host, self, since_s, told if first else ())
        later = {option: value for option, value in options.items() if option not in given}
        try:
            write(host, name, request, [pair for item in _in_order(later) for pair in _files(name, *item)])
        except DriverRefused:
            bond.delete()
            raise
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
        told = [line["text"] for line in filter(None, map(_LOGGED.fullmatch, since))]
        if done.returncode == REFUSED:
            answer = done.stderr.strip().rpartition(": ")[2]
            raise DriverRefused(f"{host.name}: {request}", "; ".join([answer, *told]))
        if done.returncode:
            raise LabBroken(f"{host.name}: no bonding driver in its kernel: {done.stderr.strip()}")
        return f"Linux {release}", _time(before), told


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
        write(self.host, self.name, f"set {self.name} {option} {value}", _files(self.name, option, value))

    def mac(self) -> str:
        """The bond's hardware address."""
        return self.host.mac(self.name)

    def add_vlan(self, vlan: int) -> str:
        """Make the device for a VLAN over the bond and bring it up; its name. Raises DriverRefused."""
        name = f"{self.name}.{vlan}"
        self.host.run(["modprobe", "8021q"], check=False)  # a kernel that has it built in knows no module
        self._ip(["add", "link", self.name, "name", name, "type", "vlan", "id", str(vlan)])
        self._ip(["set", "dev", name, "up"])
        return name

    def remove_vlan(self, vlan: int) -> None:
        """Remove the device for that VLAN. Raises DriverRefused."""
        self._ip(["del", "dev", f"{self.name}.{vlan}"])

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down, as a user would."""
        self.host.run(["ip", "link", "set", "dev", self.name, "up" if up else "down"])

    def proc_text(self) -> str:
        """The text of /proc/net/bonding/NAME. Raises DriverRefused when there is none."""
        path = f"/proc/net/bonding/{self.name}"
        try:
            return self.host.read(path)
        except LabBroken:
            raise
        except LabError as error:
            raise DriverRefused(f"{self.host.name}: read {path}", str(error).rpartition(": ")[2]) from error

    def status(self) -> BondView:
        """`proc_text`, parsed."""
        return parse(self.proc_text())

    def options(self) -> Mapping[str, str]:
        """Every option in force as text: words where an option has them, lists with commas."""
        told = self.host.run(["bash", "-c", _READ, "read", _file(self.name, "")]).stdout
        return {name: _option(text) for name, _, text in (line.partition(" ") for line in told.splitlines())}

    def log(self) -> str:
        """The driver's log lines about this bond since it was made."""
        since = log_since(self.host, self.name, self._since_s)
        return "\n".join([*(line for line in self._told if line not in since), *since])

    def delete(self) -> None:
        """Remove the bond; its slaves are restored."""
        write(self.host, self.name, f"delete {self.name}", [(MASTERS, f"-{self.name}")])
        if self in self._driver.bonds:
            self._driver.bonds.remove(self)

    def _ip(self, words: Sequence[str]) -> None:
        done = self.host.run(["ip", "link", *words], check=False)
        if done.returncode:
            raise DriverRefused(f"{self.host.name}: ip link {' '.join(words)}", done.stderr.strip())

    def _write(self, request: str, option: str, value: str) -> None:
        write(self.host, self.name, request, [(_file(self.name, option), value)])


def write(host: Host, bond: str, request: str, texts: Sequence[tuple[str, str]]) -> float:
    """Write each text to its file; the time in the kernel's log before that.

    Raises DriverRefused(request) with the words of the error, and what the driver logged about `bond`.
    """
    words = [word for pair in texts for word in pair]
    done = host.run(["bash", "-c", _WRITE, "write", *words], check=False)
    since_s = _time(done.stdout)
    if done.returncode:
        answer = done.stderr.strip().rpartition("error: ")[2]
        raise DriverRefused(f"{host.name}: {request}", "; ".join([answer, *log_since(host, bond, since_s)]))
    return since_s


def log_since(host: Host, bond: str, since_s: float) -> list[str]:
    """What the kernel of the host has logged about the bond after that time of the log."""
    lines = filter(None, map(_LOGGED.fullmatch, host.run(["dmesg"]).stdout.splitlines()))
    about = (f"{bond}: ", f"{bond} (")
    return [
        line["text"] for line in lines if float(line["at_s"]) > since_s and line["text"].startswith(about)
    ]


def _time(line: str) -> float:
    """The time of a line of the log, in s; 0 when it is none."""
    logged = _LOGGED.fullmatch(line.strip())
    return float(logged["at_s"]) if logged else 0.0


def _in_order(options: Mapping[str, str]) -> list[tuple[str, str]]:
    first = [option for option in FIRST if option in options]
    return [(option, options[option]) for option in (*first, *(o for o in options if o not in FIRST))]


def _files(bond: str, option: str, value: str) -> list[tuple[str, str]]:
    """What to write where; targets one by one, each to be added unless it says otherwise."""
    name = ALIASES.get(option, option)
    if name in TARGETS:
        words = [word for word in value.split(",") if word]
        return [(_file(bond, name), word if word[0] in "+-" else f"+{word}") for word in words]
    return [(_file(bond, name), value)]


def _file(bond: str, option: str) -> str:
    return f"/sys/class/net/{bond}/bonding/{option}"


def _option(text: str) -> str:
    """`active-backup 1` -> active-backup; `10.0.0.2 10.0.0.3` -> 10.0.0.2,10.0.0.3."""
    word, _, rest = text.partition(" ")
    return word if rest.isdecimal() else text.replace(" ", ",")
