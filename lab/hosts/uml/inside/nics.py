"""The guest's NICs, and the namespace `cabling` that hides how they are joined to the outside.

The kernel's own devices vec0, vec1, ... stay there. Each is joined by tc to one end of a veth, whose other
end is the NIC: a veth loses its carrier when its other end goes down, as no vecN does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lab.hosts.uml.inside.syscalls import mount
from lab.interfaces import Interfaces
from lab.netns import in_namespace
from lab.sysctl import ipv6_settings, set_sysctls

CABLING = "cabling"
# The kernel reports a veth's carrier at once only when the indices of its two ends differ.
FIRST_NIC, FIRST_CABLE = 10, 100
MTU = 9216  # of the guest's own cable: what the NICs at its ends agree on must pass


def hide_cabling() -> Interfaces:
    """Move the kernel's own devices to a namespace of their own, up for good; that one's interfaces.

    The first namespace is left to the host that the guest plays: a module's parameters make devices there.
    """
    mount("sysfs", "/sys", "sysfs")
    own = Interfaces(1)
    vecs = devices(own, "vec")
    own.close()
    _batch("ip", [f"netns add {CABLING}", *(f"link set dev {vec} netns {CABLING}" for vec in vecs)])
    place = Path("/run/netns", CABLING)
    in_namespace(place, lambda: set_sysctls(ipv6_settings(False)))
    set_sysctls(ipv6_settings(False))
    cabling = Interfaces(os.getpid(), place)
    for vec in vecs:
        cabling.set_up(vec, True)
    return cabling


def empty() -> None:
    """Take away every interface but `lo`, the bonding driver and all settings with them. Raises OSError."""
    if os.path.exists("/sys/module/bonding"):
        _run("modprobe", "-r", "bonding")
    # One may go with another: a veth with its other end, a VLAN with what it is on.
    while left := [name for name in os.listdir("/sys/class/net") if name != "lo"]:
        _run("ip", "link", "del", "dev", left[0])
    # Down and up again: which gives it its own addresses.
    _batch("ip", ["address flush dev lo", "link set dev lo down", "link set dev lo up"])
    set_sysctls(ipv6_settings(False))


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
    if lines:
        _run(*program.split(), "-batch", "-", text_in="".join(f"{line}\n" for line in lines))


def _run(*argv: str, text_in: str = "") -> None:
    done = subprocess.run(argv, input=text_in, capture_output=True, text=True)
    if done.returncode:
        given = f"\nwith the input:\n{text_in}" if text_in else ""
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}{given}")
