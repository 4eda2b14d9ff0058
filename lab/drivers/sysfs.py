"""Bonds of the kernel as files of sysfs inside the host, and what the kernel's log says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lab.errors import DriverRefused
from lab.hosts.base import Host

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

# Arguments: file, text, file, text ... Prints the last line of the log before it writes, and the file that it
# could not write.
# In bash, whose printf tells what the kernel answered.
_WRITE = """
log=$(dmesg)
printf '%s\\n' "${log##*$'\\n'}"
while [ $# -gt 0 ]; do
    [ -e "$1" ] || { echo "no such option: ${1##*/}" >&2; exit 1; }
    printf '%s\\n' "$2" >"$1" || { printf '%s\\n' "$1"; exit 1; }
    shift 2
done
"""
# Argument: a directory. Prints the name and the text of each file in it that can be read, a line each.
READ = """
cd "$1" || exit
for file in *; do
    text=$(<"$file") 2>/dev/null && printf '%s %s\n' "$file" "$text"
done
exit 0
"""
LOGGED = re.compile(r"\[ *(?P<at_s>\d+\.\d+)\] (?P<text>.*)")


class FileRefused(DriverRefused):
    """The driver refused what was written to the file `option`."""

    def __init__(self, request: str, text: str, option: str) -> None:
        super().__init__(request, text)
        self.option = option


def write(host: Host, bond: str, request: str, texts: Sequence[tuple[str, str]]) -> float:
    """Write each text to its file; the time in the kernel's log before that.

    Raises FileRefused(request) with the words of the error, and what the driver logged about `bond`.
    """
    words = [word for pair in texts for word in pair]
    done = host.run(["bash", "-c", _WRITE, "write", *words], check=False)
    before, _, refused = done.stdout.partition("\n")
    since_s = logged_at(before)
    if done.returncode:
        answer = done.stderr.strip().rpartition("error: ")[2]
        said = "; ".join([answer, *log_since(host, bond, since_s)])
        raise FileRefused(f"{host.name}: {request}", said, refused.strip().rpartition("/")[2])
    return since_s


def log_since(host: Host, bond: str, since_s: float) -> list[str]:
    """What the kernel of the host has logged about the bond after that time of the log."""
    lines = filter(None, map(LOGGED.fullmatch, host.run(["dmesg"]).stdout.splitlines()))
    about = (f"{bond}: ", f"{bond} (")
    return [
        line["text"] for line in lines if float(line["at_s"]) > since_s and line["text"].startswith(about)
    ]


def logged_at(line: str) -> float:
    """The time of a line of the log, in s; 0 when it is none."""
    logged = LOGGED.fullmatch(line.strip())
    return float(logged["at_s"]) if logged else 0.0


def in_order(options: Mapping[str, str]) -> list[tuple[str, str]]:
    first = [option for option in FIRST if option in options]
    return [(option, options[option]) for option in (*first, *(o for o in options if o not in FIRST))]


def files(bond: str, option: str, value: str) -> list[tuple[str, str]]:
    """What to write where; targets one by one, each to be added unless it says otherwise."""
    name = ALIASES.get(option, option)
    if name in TARGETS:
        words = [word for word in value.split(",") if word]
        return [(file(bond, name), word if word[0] in "+-" else f"+{word}") for word in words]
    return [(file(bond, name), value)]


def file(bond: str, option: str) -> str:
    return f"/sys/class/net/{bond}/bonding/{option}"


def in_words(text: str) -> str:
    """`active-backup 1` -> active-backup; `10.0.0.2 10.0.0.3` -> 10.0.0.2,10.0.0.3."""
    word, _, rest = text.partition(" ")
    return word if rest.isdecimal() else text.replace(" ", ",")
