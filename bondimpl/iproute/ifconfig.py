"""The listing of ifconfig, with the flags of bonds and slaves (HOWTO section 5.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from bondimpl.errors import BondError
from bondimpl.iproute.errors import Refused
from bondimpl.iproute.real import RealIp, find
from bondimpl.iproute.rendering import with_bonds
from bondimpl.iproute.sections import Shown, sections

_ENCAPSULATION = {"ether": "Ethernet", "loopback": "Local Loopback"}
# In the order of ifconfig, which calls LOWER_UP so.
_FLAGS = (
    *("UP", "BROADCAST", "LOOPBACK", "POINTOPOINT", "LOWER_UP", "NOARP", "PROMISC", "ALLMULTI"),
    *("SLAVE", "MASTER", "MULTICAST"),
)


def listing(bonds: Collection[Shown], name: str | None = None) -> str:
    """Of one interface of this network namespace, or of all that are up. Raises BondError."""
    try:
        links = RealIp(find(""), ("-json", "-details", "-statistics")).addresses(name)
    except Refused as error:
        raise BondError(str(error)) from error
    if not links:
        raise BondError(f"{name}: there is no such interface", "ENODEV")
    known = sections(bonds)
    shown = [with_bonds(link, known) for link in links if name or "UP" in link["flags"]]
    return "\n".join(interface_text(link) for link in shown)


def interface_text(link: Mapping[str, Any]) -> str:
    """One interface, as `ip -json -details -statistics address` tells of it."""
    first, *others = _lines(link)
    return f"{link['ifname']:<9} {first}\n" + "".join(f"{'':10}{line}\n" for line in others)


def _lines(link: Mapping[str, Any]) -> Iterator[str]:
    address = f"  HWaddr {link['address'].upper()}" if link["link_type"] == "ether" else ""
    yield f"Link encap:{_ENCAPSULATION.get(link['link_type'], 'UNSPEC')}{address}"
    for each in link.get("addr_info", ()):
        if each.get("family") == "inet":
            broadcast = f"  Bcast:{each['broadcast']}" if "broadcast" in each else ""
            mask = IPv4Network((0, each["prefixlen"])).netmask
            yield f"inet addr:{each['local']}{broadcast}  Mask:{mask}"
    flags = ["RUNNING" if flag == "LOWER_UP" else flag for flag in _FLAGS if flag in link["flags"]]
    yield f"{' '.join(flags)}  MTU:{link['mtu']}  Metric:1"
    got, sent = link["stats64"]["rx"], link["stats64"]["tx"]
    yield (
        f"RX packets:{got['packets']} errors:{got['errors']} dropped:{got['dropped']} "
        f"overruns:{got['over_errors']}"
    )
    yield (
        f"TX packets:{sent['packets']} errors:{sent['errors']} dropped:{sent['dropped']} "
        f"carrier:{sent['carrier_errors']}"
    )
    yield f"collisions:{sent['collisions']} txqueuelen:{link.get('txqlen', 0)}"
