"""The VLAN devices of one bond that the daemon makes, a TAP each, for kernels that have none (HOWTO 7).

What the kernel does to VLAN devices when the device below changes is done here: they go down and up with the
bond, have its carrier, and never a longer MTU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bondimpl.bond import Bond
from bondimpl.errors import MachineError
from bondimpl.runtime.datapath import Datapath
from bondimpl.runtime.links import Link, Links
from bondimpl.runtime.tap import Tap


@dataclass(slots=True)
class _Device:
    tap: Tap
    index: int


class Vlans:
    """By id. Each is held by its index, so that it may be renamed."""

    def __init__(self, bond: int, links: Links, path: Datapath) -> None:
        """`bond` is the bond's index."""
        self._bond = bond
        self._links = links
        self._path = path
        self._devices: dict[int, _Device] = {}
        self._carrier = False
        self.when_lost: Callable[[int], None] = lambda _vlan: None
        """Told the id of a device that somebody has deleted."""

    def add(self, vlan: int, name: str, mac: bytes, mtu: int) -> None:
        """Make the device, down. Raises MachineError; BondError (EEXIST) when the name is taken."""
        with ExitStack() as undo:
            tap = Tap(name, carrier=self._carrier)
            undo.callback(tap.close)
            link = self._links.by_name(name)
            if link is None:
                raise MachineError(f"{name}: gone as soon as it was made", "ENODEV")
            self._links.set_mac(link.index, name, mac)
            self._links.set_mtu(link.index, name, mtu)
            undo.pop_all()
        self._devices[vlan] = _Device(tap, link.index)
        self._links.own_vlans[link.index] = self._bond, vlan
        self._path.add_vlan(vlan, tap.fd, mac, lambda: self.when_lost(vlan))

    def remove(self, vlan: int) -> None:
        """Remove the device."""
        device = self._devices.pop(vlan)
        self._path.remove_vlan(vlan)
        del self._links.own_vlans[device.index]
        device.tap.close()

    def close(self) -> None:
        """Remove all of them."""
        for vlan in list(self._devices):
            self.remove(vlan)

    @property
    def indexes(self) -> frozenset[int]:
        """Of their interfaces."""
        return frozenset(device.index for device in self._devices.values())

    def set_mac(self, vlan: int, mac: bytes) -> None:
        """Raises MachineError."""
        device = self._devices[vlan]
        self._links.set_mac(device.index, device.tap.name, mac)
        self._path.set_vlan_mac(vlan, mac)

    def set_carrier(self, up: bool) -> None:
        """The bond has a carrier, or none. Raises MachineError."""
        self._carrier = up
        for device in self._devices.values():
            device.tap.set_carrier(up)

    def set_up(self, up: bool) -> None:
        """The bond was brought up, or down. Raises MachineError."""
        for _, link in self._links_by_id():
            self._links.set_up(link.index, link.name, up)

    def follow(self, bond: Bond, device: Link) -> tuple[bool, bool]:
        """Let the core know what the user did to these devices; whether the bond is to hear every address and
        every group.

        `device` is the bond's own. What a kernel would have refused is taken back. Raises MachineError.
        """
        promiscuous, all_multicast = device.promiscuous, device.all_multicast
        for vlan, link in self._links_by_id():
            if link.mtu > device.mtu:
                self._links.set_mtu(link.index, link.name, device.mtu)
            if link.up and not device.up:
                self._links.set_up(link.index, link.name, False)
            known = bond.vlans[vlan]
            if (link.name, link.mac, link.up) != (known.name, known.mac, known.up):
                self._path.set_vlan_mac(vlan, link.mac)
                bond.vlan_changed(vlan, link.name, link.mac, up=link.up)
            promiscuous |= link.promiscuous
            all_multicast |= link.all_multicast
        return promiscuous, all_multicast

    def _links_by_id(self) -> Iterator[tuple[int, Link]]:
        for vlan, device in list(self._devices.items()):
            link = self._links.by_index(device.index)
            if link is not None:
                yield vlan, link
