"""Values that every dialect has: names, hardware addresses, IP addresses, numbers. Each notes its fault."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_interface

from bondimpl.config.faults import Faults, Item
from bondimpl.config.model import Address, Member
from bondimpl.errors import BondError
from bondimpl.frames.ethernet import format_mac, parse_mac
from bondimpl.option_kinds import InterfaceName

_MAC_PREFIXES = ("eth-id-", "id-")
_MTU_LOW, _MTU_HIGH = 68, 65_535


def interface(item: Item, text: str, faults: Faults) -> str | None:
    """The name of an interface."""
    try:
        if InterfaceName().parse(text) == text and text.isprintable() and not set(text) & set("%:"):
            return text
    except ValueError:
        pass
    faults.add(item, f"{text!r} cannot be the name of a device; {InterfaceName().allowed()}")
    return None


def hardware(item: Item, text: str, faults: Faults) -> str | None:
    """A unicast hardware address, in lower case."""
    try:
        mac = parse_mac(text)
    except BondError as error:
        faults.add(item, str(error))
        return None
    if mac[0] & 1 or not any(mac):
        faults.add(item, f"{text} is no address of a NIC")
        return None
    return format_mac(mac)


def member(item: Item, text: str, faults: Faults) -> Member | None:
    """A slave: a name, or a hardware address as sysconfig writes it (`eth-id-aa:bb:cc:dd:ee:ff`)."""
    for prefix in _MAC_PREFIXES:
        if text.startswith(prefix):
            mac = hardware(item, text.removeprefix(prefix), faults)
            return Member(mac=mac) if mac else None
    name = interface(item, text, faults)
    return Member(name) if name else None


def address(
    item: Item, text: str, faults: Faults, mask: str | None = None, broadcast: str | None = None
) -> Address | None:
    """An address: `10.0.0.1/24`, or with `mask` 255.255.255.0 or 24; without any it is this host's only."""
    try:
        ip = ip_interface(text if mask is None else f"{text}/{mask}")
    except ValueError:
        faults.add(item, f"{text!r}{f' with mask {mask!r}' if mask is not None else ''} is no address")
        return None
    if ip.is_unspecified or ip.is_multicast:
        faults.add(item, f"{ip.ip} is no address of a host")
        return None
    if isinstance(ip, IPv6Interface):
        # The zone of a link-local address is the device it is put on.
        return Address(IPv6Interface(str(ip.with_prefixlen).replace(f"%{ip.scope_id}", "")))
    return Address(ip, _broadcast(item, ip, broadcast, faults))


def _broadcast(item: Item, ip: IPv4Interface, text: str | None, faults: Faults) -> IPv4Address | None:
    if not text:
        return None
    try:
        given = IPv4Address(text)
    except ValueError:
        faults.add(item, f"{text!r} is no broadcast address")
        return None
    return None if given == ip.network.broadcast_address else given


def number(item: Item, text: str, low: int, high: int, faults: Faults) -> int | None:
    """A whole number within bounds."""
    if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    faults.add(item, f"{text!r} is not a whole number from {low} to {high}")
    return None


def mtu(item: Item, text: str, faults: Faults) -> int | None:
    """An MTU in bytes."""
    return number(item, text, _MTU_LOW, _MTU_HIGH, faults)
