"""The driver that is Linux' own, on any host whose kernel has it: through sysfs and /proc inside the host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lab.drivers.base import BondHandle, Created, Era
from lab.errors import DriverRefused, LabBroken
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

        Raises DriverRefused, or LabBroken when the host's kernel has no bonding driver.
        """
        load = f"{{ [ -e {MASTERS} ] || modprobe bonding max_bonds=0; }} && uname -r"
        loaded = host.run(["sh", "-c", load], check=False)
        if loaded.returncode:
            raise LabBroken(f"{host.name}: no bonding driver in its kernel: {loaded.stderr.strip()}")
        self.version = f"Linux {loaded.stdout.strip()}"
        request = " ".join(("add", name, *(f"{option}={value}" for option, value in options.items())))
        since_s = write(host, name, request, [(MASTERS, f"+{name}")])
        bond = KernelBond(name, host, self, since_s)
        try:
            write(host, name, request, [pair for item in _in_order(options) for pair in _files(name, *item)])
        except DriverRefused:
            bond.delete()
            raise
        self.bonds.append(bond)
        if self._created:
            self._created(host, options)
        return bond


class KernelBond:
    """BondHandle on a bond of the kernel's; `since_s` is the time in the kernel's log when it was made."""

    def __init__(self, name: str, host: Host, driver: KernelDriver, since_s: float) -> None:
        self.name, self.host = name, host
        self._driver, self._since_s = driver, since_s

    def enslave(self, nic: str) -> None:
        """Add a slave. Raises DriverRefused."""
        self._write(f"enslave {self.name} {nic}", "slaves", f"+{nic}")

    def release(self, nic: str) -> None:
        """Detach a slave. Raises DriverRefused."""
        self._write(f"release {self.name} {nic}", "slaves", f"-{nic}")

    def set(self, option: str, value: str) -> None:
        """Change an option of the running bond. Raises DriverRefused."""
        write(self.host, self.name, f"set {self.name} {option} {value}", _files(self.name, option, value))

    def set_up(self, up: bool) -> None:
        """Bring the bond device administratively up or down, as a user would."""
        self.host.run(["ip", "link", "set", "dev", self.name, "up" if up else "down"])

    def proc_text(self) -> str:
        """The text of /proc/net/bonding/NAME."""
        return self.host.read(f"/proc/net/bonding/{self.name}")

    def status(self) -> BondView:
        """`proc_text`, parsed."""
        return parse(self.proc_text())

    def options(self) -> Mapping[str, str]:
        """Every option in force as text: words where an option has them, lists with commas."""
        told = self.host.run(["bash", "-c", _READ, "read", _file(self.name, "")]).stdout
        return {name: _option(text) for name, _, text in (line.partition(" ") for line in told.splitlines())}

    def log(self) -> str:
        """The driver's log lines about this bond since it was made."""
        return "\n".join(log_since(self.host, self.name, self._since_s))

    def delete(self) -> None:
        """Remove the bond; its slaves are restored."""
        write(self.host, self.name, f"delete {self.name}", [(MASTERS, f"-{self.name}")])
        if self in self._driver.bonds:
            self._driver.bonds.remove(self)

    def _write(self, request: str, option: str, value: str) -> None:
        write(self.host, self.name, request, [(_file(self.name, option), value)])


def write(host: Host, bond: str, request: str, texts: Sequence[tuple[str, str]]) -> float:
    """Write each text to its file; the time in the kernel's log before that.

    Raises DriverRefused(request) with the words of the error, and what the driver logged about `bond`.
    """
    words = [word for pair in texts for word in pair]
    done = host.run(["bash", "-c", _WRITE, "write", *words], check=False)
    before = _LOGGED.fullmatch(done.stdout.strip())
    since_s = float(before["at_s"]) if before else 0.0
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


def _in_order(options: Mapping[str, str]) -> list[tuple[str, str]]:
    first = [option for option in FIRST if option in options]
    return [(option, options[option]) for option in (*first, *(o for o in options if o not in FIRST))]


def _files(bond: str, option: str, value: str) -> list[tuple[str, str]]:
    """What to write where; targets one by one, each to be added unless it says otherwise."""
    name = ALIASES.get(option, option)
    if name in TARGETS:
        return [(_file(bond, name), word if word[0] in "+-" else f"+{word}") for word in value.split(",")]
    return [(_file(bond, name), value)]


def _file(bond: str, option: str) -> str:
    return f"/sys/class/net/{bond}/bonding/{option}"


def _option(text: str) -> str:
    """`active-backup 1` -> active-backup; `10.0.0.2 10.0.0.3` -> 10.0.0.2,10.0.0.3."""
    word, _, rest = text.partition(" ")
    return word if rest.isdecimal() else text.replace(" ", ",")
