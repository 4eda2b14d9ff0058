"""The VLAN devices that the driver has made over a bond, and their hardware addresses (HOWTO section 7)."""

from __future__ import annotations

from dataclasses import dataclass

from bondimpl.errors import BondError, MachineError
from bondimpl.events import EventSource
from bondimpl.frames.ethernet import format_mac
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.state import BondState

LAST_ID = 4094
"""The first is 1: 0 says that a frame is in no VLAN, 4095 is reserved (IEEE 802.1Q 9.6)."""


@dataclass(slots=True)
class Vlan:
    """One VLAN device. `mac` (6 bytes) is its address now; `inherits`: nobody has given it one of its own."""

    id: int
    name: str
    mac: bytes
    up: bool = False
    inherits: bool = True


class VlanDevices:
    """Those of one bond. The VLAN devices of a kernel that has them are that kernel's affair."""

    def __init__(self, state: BondState, machine: Machine, events: EventSource) -> None:
        self._state = state
        self._machine = machine
        self._events = events
        self._messages = Messages(state.name, state.era)
        self.all: dict[int, Vlan] = {}
        """By id, in the order of making."""

    def add(self, vlan: int, name: str) -> None:
        """Make the device; it has the bond's address as that is now. Raises BondError."""
        state = self._state
        if not 1 <= vlan <= LAST_ID:
            raise BondError(f"{vlan} is not the id of a VLAN; possible: 1 to {LAST_ID}", "ERANGE")
        if vlan in self.all:
            raise BondError(
                f"{state.name}: VLAN {vlan} has a device already: {self.all[vlan].name}", "EEXIST"
            )
        if state.era.vlan_needs_slave and not state.slaves:
            raise BondError(
                f"{state.name} has no slave, and so no address that a VLAN device could take; "
                "enslave one first (HOWTO section 7)",
                "EOPNOTSUPP",
            )
        self._machine.add_vlan(vlan, name, state.mac)
        self.all[vlan] = Vlan(vlan, name, state.mac)
        self.learn()

    def remove(self, vlan: int) -> None:
        """Remove the device. Raises BondError."""
        if vlan not in self.all:
            raise BondError(f"{self._state.name}: there is no VLAN device {vlan}", "ENODEV")
        del self.all[vlan]
        self._machine.remove_vlan(vlan)
        self.learn()

    def device_changed(self, vlan: int, name: str, mac: bytes, *, up: bool) -> None:
        """What the device is called, its address, whether it is up: the user's doing, unless it is known."""
        device = self.all[vlan]
        by_user = mac != device.mac
        device.name, device.mac, device.up = name, mac, up
        if by_user:
            device.inherits = False
            self._events.log(self._messages.plain(f"VLAN device {device.name} has address {format_mac(mac)}"))
            if self._state.era.vlan_mac_makes_promiscuous and mac != self._state.mac:
                self._machine.set_bond_promiscuous()

    def follow(self) -> None:
        """Devices take the bond's address where they are to; `state` tells their addresses."""
        if not self._state.era.vlan_keeps_mac:
            for device in self.all.values():
                if device.up and device.inherits and device.mac != self._state.mac:
                    self._inherit(device)
        # Today's driver has its slaves hear what they would filter away.
        heard = frozenset(d.mac for d in self.all.values() if d.up and d.mac != self._state.mac)
        self._state.vlan_addresses = frozenset() if self._state.era.vlan_mac_makes_promiscuous else heard

    def learn(self) -> None:
        """Look which VLAN devices there are, of the kernel's own too. Raises MachineError."""
        self._state.vlan_ids = self._machine.bond_vlans()

    def bond_emptied(self) -> None:
        """The last slave has left, and with it the bond's address."""
        if self._state.era.vlan_keeps_mac and self._machine.bond_vlans():
            self._events.log(self._messages.vlans_left())

    def _inherit(self, device: Vlan) -> None:
        try:
            self._machine.set_vlan_mac(device.id, self._state.mac)
        except MachineError as error:
            self._events.log(self._messages.plain(f"{device.name} keeps its address: {error}"))
        else:
            device.mac = self._state.mac
