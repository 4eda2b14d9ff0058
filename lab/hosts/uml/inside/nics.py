"""The guest's NICs, and the namespace `cabling` that hides how they are joined to the outside.

The kernel's own devices vec0, vec1, ... stay there. Each is joined by tc to one end of a veth, whose other
end is the NIC: a veth loses its carrier when its other end goes down, as no vecN does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.hosts.uml.inside.syscalls import CLONE_NEWNET, MS_BIND, mount, unshare
from lab.interfaces import Interfaces

CABLING = "cabling"
# The kernel reports a veth's carrier at once only when the indices of its two ends differ.
FIRST_NIC, FIRST_CABLE = 10, 100
MTU = 9216  # of the guest's own cable: what the NICs at its ends agree on must pass


def move_out() -> Interfaces:
    """Leave the first namespace to the cabling and be in a new, empty one; the first one's interfaces."""
    interfaces = Interfaces(1)
    Path("/run/netns").mkdir()
    place = Path("/run/netns", CABLING)
    place.touch()
    mount("/proc/self/ns/net", str(place), "", MS_BIND)
    unshare(CLONE_NEWNET)
    mount("sysfs", "/sys", "sysfs")
    return interfaces


def cable_of(number: int) -> str:
    """The far end, in the cabling, of NIC `number`."""
    return f"cable{number}"


def make(nics: Mapping[str, str], probes: int) -> None:
    """NICs by name and hardware address, down and without a carrier; after them `probes` spare devices.

    The far end of spare `number` is the `ear{number}` of `lab.hosts.uml.probes`. Raises OSError.
    """
    _batch(
        "ip",
        [
            f"link add name {nic} index {FIRST_NIC + number} address {mac} type veth "
            f"peer name {cable_of(number)} index {FIRST_CABLE + number} mtu {MTU} netns {CABLING}"
            for number, (nic, mac) in enumerate(nics.items())
        ],
    )
    _batch("ip -n cabling", [f"link set dev vec{number} up" for number in range(len(nics) + probes)])
    _batch(
        "tc -n cabling",
        [line for n in range(len(nics)) for line in joined(f"vec{n}", cable_of(n))],
    )


def joined(one: str, other: str) -> list[str]:
    """Lines of tc(8): what comes in at either device goes out at the other."""
    lines = [f"qdisc add dev {device} clsact" for device in (one, other)]
    return lines + [
        f"filter add dev {device} ingress matchall action mirred egress redirect dev {target}"
        for device, target in ((one, other), (other, one))
    ]


def _batch(program: str, lines: list[str]) -> None:
    argv = [*program.split(), "-batch", "-"]
    given = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(argv, input=given, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}\nwith the input:\n{given}")
