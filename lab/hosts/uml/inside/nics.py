"""The guest's NICs, and the namespace `cabling` that hides how they are joined to the outside.

The kernel's own devices vec0, vec1, ... stay there. Each is joined by tc to one end of a veth, whose other
end is the NIC: a veth loses its carrier when its other end goes down, as no vecN does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lab.hosts.uml.inside.syscalls import CLONE_NEWNET, MS_BIND, mount, unmount, unshare
from lab.interfaces import Interfaces
from lab.sysctl import ipv6_settings, set_sysctls

CABLING = "cabling"
# The kernel reports a veth's carrier at once only when the indices of its two ends differ.
FIRST_NIC, FIRST_CABLE = 10, 100
MTU = 9216  # of the guest's own cable: what the NICs at its ends agree on must pass


def hide_cabling() -> Interfaces:
    """Leave the first namespace to the cabling and be in a new, empty one; the first one's interfaces."""
    interfaces = Interfaces(1)
    Path("/run/netns").mkdir()
    place = Path("/run/netns", CABLING)
    place.touch()
    mount("/proc/self/ns/net", str(place), "", MS_BIND)
    mount("sysfs", "/sys", "sysfs")
    set_sysctls(ipv6_settings(False))
    new_room()
    return interfaces


def new_room() -> None:
    """Be in a new namespace without NICs, without IPv6, whose own /sys is mounted. Raises OSError.

    All that the one before it had - bonds, addresses, rules - goes with it.
    """
    unshare(CLONE_NEWNET)
    unmount("/sys")
    mount("sysfs", "/sys", "sysfs")
    set_sysctls(ipv6_settings(False))


def switch_on(cabling: Interfaces) -> None:
    """Bring up vec0, vec1, ... for good. Raises OSError."""
    for device in devices(cabling, "vec"):
        cabling.set_up(device, True)


def devices(interfaces: Interfaces, kind: str) -> list[str]:
    """The interfaces called KIND0, KIND1, ..., as many as there are."""
    found: list[str] = []
    with suppress(OSError):
        while interfaces.index(f"{kind}{len(found)}"):
            found.append(f"{kind}{len(found)}")
    return found


def cable_of(number: int) -> str:
    """The far end, in the cabling, of NIC `number`."""
    return f"cable{number}"


def make(nics: Mapping[str, str]) -> None:
    """NICs by name and hardware address, down and without a carrier. Raises OSError."""
    _batch(
        "ip",
        [
            f"link add name {nic} index {FIRST_NIC + number} address {mac} type veth "
            f"peer name {cable_of(number)} index {FIRST_CABLE + number} mtu {MTU} netns {CABLING}"
            for number, (nic, mac) in enumerate(nics.items())
        ],
    )
    _batch("tc -n cabling", [line for n in range(len(nics)) for line in joined(f"vec{n}", cable_of(n))])


def remove(cabling: Interfaces) -> None:
    """Take the NICs and the probes away by their far ends in the cabling. Raises OSError."""
    ends = (*devices(cabling, "cable"), *devices(cabling, "ear"))
    if ends:
        _batch("ip -n cabling", [f"link del dev {end}" for end in ends])


def joined(one: str, other: str) -> list[str]:
    """Lines of tc(8): what comes in at either device goes out at the other."""
    return [
        line
        for device, target in ((one, other), (other, one))
        for line in handing_on(device, f"redirect dev {target}")
    ]


def handing_on(device: str, action: str) -> list[str]:
    """Lines of tc(8): what to do with all that comes in at the device, instead of what was said before."""
    return [
        f"qdisc replace dev {device} clsact",
        f"filter del dev {device} ingress",
        f"filter add dev {device} ingress matchall action mirred egress {action}",
    ]


def _batch(program: str, lines: list[str]) -> None:
    argv = [*program.split(), "-batch", "-"]
    given = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(argv, input=given, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}\nwith the input:\n{given}")
