"""What a Bond needs of the machine under it: the seam between the sans-I/O core and the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Protocol

from bondimpl.forwarding import ForwardingPlan, Load

Duplex = Literal["full", "half"]


@dataclass(frozen=True, slots=True)
class PortInfo:
    """An interface as found before it is enslaved. `mac` is 6 bytes, `mtu` in bytes."""

    name: str
    mac: bytes
    mtu: int
    up: bool
    is_ethernet: bool = True
    is_bond: bool = False
    master: str | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """What ethtool reports; `mbit` in Mbit/s. None where the device does not say."""

    mbit: int | None = None
    duplex: Duplex | None = None


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An IPv4 address of the bond, or of the VLAN `vlan` over it."""

    address: IPv4Address
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class HostIpv6:
    """An IPv6 address of the bond, or of the VLAN `vlan` over it. `router`: the host forwards there."""

    address: IPv6Address
    vlan: int | None = None
    router: bool = False


@dataclass(frozen=True, slots=True)
class HostGroup:
    """An IPv4 group that the host has joined on the bond, or on the VLAN `vlan` over it.

    `igmp` is the version (1 to 3) spoken there, `source` an address of the host, or 0.0.0.0.
    """

    group: IPv4Address
    source: IPv4Address
    vlan: int | None = None
    igmp: int = 3


@dataclass(frozen=True, slots=True)
class HostIpv6Groups:
    """The IPv6 groups that the host has joined on the bond, or on the VLAN `vlan` over it.

    `mld` is the version (1 or 2) spoken there, `source` the link-local address of the host, or ::.
    """

    groups: tuple[IPv6Address, ...]
    source: IPv6Address
    vlan: int | None = None
    mld: int = 2


@dataclass(frozen=True, slots=True)
class Traffic:
    """When a slave last received and sent a frame of any kind, in ms of the bond's clock; None: never."""

    last_rx_ms: float | None = None
    last_tx_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ProbePath:
    """How a probe gets to its target: VLAN ids, outermost first, and the sender's address.

    `source` is 0.0.0.0 or :: when no address fits the target, or when nobody knows where the target is.
    """

    source: IPv4Address | IPv6Address
    vlans: tuple[int, ...] = ()


class LinkProbe(Protocol):
    """Where the MII monitor gets its answers; faults of a device driver are injected here."""

    def admin_up(self, slave: str) -> bool:
        """Whether the interface is administratively up."""

    def carrier(self, slave: str) -> bool:
        """The carrier flag kept by the device driver (netif_carrier_ok)."""

    def mii_link(self, slave: str) -> bool | None:
        """The link bit of the MII status register; None when the request fails."""

    def ethtool_link(self, slave: str) -> bool | None:
        """ETHTOOL_GLINK; None when the request fails."""

    def speed(self, slave: str) -> Speed:
        """Speed and duplex by ethtool."""


class Machine(Protocol):
    """Effects. Every method raises MachineError when the machine refuses."""

    @property
    def probe(self) -> LinkProbe:
        """Where links are read."""

    def attach(self, slave: str) -> None:
        """Take the interface over: open its socket, keep the host stack away from its frames."""

    def detach(self, slave: str) -> None:
        """Give the interface back (address, MTU and admin state are set by the bond beforehand)."""

    def set_slave_mac(self, slave: str, mac: bytes) -> None:
        """Set a slave's hardware address (6 bytes)."""

    def set_slave_mtu(self, slave: str, mtu: int) -> None:
        """Set a slave's MTU in bytes."""

    def set_slave_up(self, slave: str, up: bool) -> None:
        """Set a slave administratively up or down."""

    def set_promiscuous(self, slave: str, on: bool) -> None:
        """Have a slave receive frames to any address, or no longer."""

    def set_all_multicast(self, slave: str, on: bool) -> None:
        """Have a slave receive frames to any group because the bond is to, or no longer."""

    def set_vlan_filter(self, slave: str, vlan: int, on: bool) -> None:
        """Have a slave receive frames of this VLAN, or no longer, if it filters by VLANs at all."""

    def set_hears(self, slave: str, mac: bytes, on: bool) -> None:
        """Have a slave receive frames to this address (6 bytes), too, or no longer."""

    def set_bond_promiscuous(self) -> None:
        """Make the bond device promiscuous, as a user could; it is told as if a user had."""

    def open_queues(self, count: int) -> None:
        """Have the bond device so many transmit queues, numbered from 0. Harmless when it has them."""

    def set_bond_mac(self, mac: bytes) -> None:
        """Set the bond device's hardware address (6 bytes; all zeroes where the device allows it)."""

    def set_bond_carrier(self, up: bool) -> None:
        """Set the bond device's carrier."""

    def bond_mtu(self) -> int:
        """The bond device's MTU in bytes."""

    def bond_addresses(self) -> tuple[HostAddress, ...]:
        """IPv4 addresses of the bond and of VLANs over it."""

    def is_of_bridge(self, address: IPv4Address) -> bool:
        """Whether a bridge of this host has the address."""

    def bond_ipv6_addresses(self) -> tuple[HostIpv6, ...]:
        """IPv6 addresses of the bond and of VLANs over it that are in use."""

    def bond_groups(self) -> tuple[HostGroup, ...]:
        """IPv4 groups joined on the bond and on VLANs over it, without that of all hosts."""

    def bond_ipv6_groups(self) -> tuple[HostIpv6Groups, ...]:
        """IPv6 groups joined on the bond and on VLANs over it, without those that nobody reports."""

    def bond_vlans(self) -> tuple[int, ...]:
        """Ids of the VLAN devices directly on the bond."""

    def add_vlan(self, vlan: int, name: str, mac: bytes) -> None:
        """Make a device for a VLAN over the bond, with that address (6 bytes)."""

    def remove_vlan(self, vlan: int) -> None:
        """Remove that device, if it is still there."""

    def set_vlan_mac(self, vlan: int, mac: bytes) -> None:
        """Set the hardware address (6 bytes) of that device."""

    def take_load(self) -> Load:
        """The bytes that left for each bucket of the plan since the last call."""

    def traffic(self, slave: str) -> Traffic:
        """When frames last passed the slave."""

    def probe_path(self, target: IPv4Address | IPv6Address) -> ProbePath | None:
        """The way to a neighbour; None when the route leads through a device that is not over the bond."""

    def transmit(self, slave: str, frame: bytes) -> None:
        """Send a frame of the driver's own on a slave."""

    def publish(self, plan: ForwardingPlan) -> None:
        """Execute this plan from now on."""
