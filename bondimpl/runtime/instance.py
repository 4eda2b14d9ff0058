"""One bond of the daemon: the sans-I/O core joined to its device, its data path and its log."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from bondimpl.bond import Bond
from bondimpl.clock import RealClock
from bondimpl.era import Era
from bondimpl.errors import BondError
from bondimpl.events import Event
from bondimpl.option_kinds import InterfaceName
from bondimpl.runtime.bond_machine import BondMachine
from bondimpl.runtime.datapath import Datapath
from bondimpl.runtime.ethtool import Ethtool
from bondimpl.runtime.links import Links
from bondimpl.runtime.loop import Loop
from bondimpl.runtime.ports import Family, find, port_info
from bondimpl.runtime.probe import FaultShim
from bondimpl.runtime.takeover import Takeover
from bondimpl.runtime.tap import Tap
from bondimpl.settle import at_load

LOG_LINES = 10_000
"""Kept of each bond."""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """What all bonds of a daemon share."""

    era: Era
    clock: RealClock
    loop: Loop
    links: Links
    ethtool: Ethtool
    takeover: Takeover
    fault_shim: bool


class Instance:
    """A bond, its TAP and what belongs to it."""

    def __init__(
        self,
        name: str,
        options: Mapping[str, str],
        host: Host,
        listener: Callable[[Event], None],
        when_lost: Callable[[str], None],
    ) -> None:
        """Raises BondError; nothing remains then. `when_lost` is told when somebody deletes the device."""
        settled, warnings = at_load(options, host.era)
        _check_name(name)
        self._host = host
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        """The driver's log lines about this bond."""
        self.shim: FaultShim | None = None
        with ExitStack() as undo:
            tap = Tap(name)
            undo.callback(tap.close)
            self.path = Datapath(tap.fd, host.loop, lambda: when_lost(name))
            undo.callback(self.path.close)
            self.machine = BondMachine(
                tap, find(host.links, name), host.links, host.ethtool, host.takeover, self.path
            )
            if host.fault_shim:
                self.shim = FaultShim(self.machine.probe, host.clock)
                self.machine.probe = self.shim
            self.bond = Bond(
                name, settled, era=host.era, clock=host.clock, machine=self.machine, warnings=warnings
            )
            self._device = undo.pop_all()
        self.bond.subscribe(self._keep_log)
        self.bond.subscribe(listener)

    @property
    def name(self) -> str:
        """Name of the bond and of its device."""
        return self.bond.name

    @property
    def index(self) -> int:
        """Interface index of the bond device."""
        return self.machine.index

    def close(self) -> None:
        """Give back every slave and remove the device."""
        with self._device:
            try:
                self.bond.destroy()
            finally:
                self.machine.rescue()

    def enslave(self, slave: str, family: Family) -> None:
        """Raises BondError; nothing is changed then."""
        link = find(self._host.links, slave)
        self.bond.enslave(port_info(self._host.links, link, family))

    def set_up(self, up: bool) -> None:
        """Set the bond device administratively up or down. Raises MachineError."""
        self._host.links.set_up(self.index, self.name, up)
        self.follow_device()

    def follow_device(self) -> None:
        """Let the core know what the user did to the bond device (`ip link set bond0 ...`)."""
        link = self._host.links.by_index(self.index)
        if link is None:
            return  # being deleted; the TAP's descriptor will tell
        if link.mtu != self.machine.mtu:
            self._follow_mtu(link.mtu)
        if link.mac != self.machine.mac:
            self._follow_mac(link.mac)
        if link.up != self.bond.admin_up:
            (self.bond.open if link.up else self.bond.close)()

    def follow_slaves(self) -> None:
        """Let the core know of slaves whose interface is gone."""
        for slave, port in list(self.machine.ports.items()):
            if port.link() is None:
                self.bond.slave_vanished(slave)

    def counters(self) -> dict[str, Any]:
        """Frames and bytes of each slave."""
        return {slave: dataclasses.asdict(counters) for slave, counters in self.path.counters.items()}

    def _follow_mtu(self, mtu: int) -> None:
        try:
            self.bond.set_mtu(mtu)
        except BondError:
            # The driver would have refused; all that is left is to take it back.
            self._host.links.set_mtu(self.index, self.name, self.machine.mtu)
            raise
        self.machine.mtu = mtu

    def _follow_mac(self, mac: bytes) -> None:
        before, self.machine.mac = self.machine.mac, mac
        try:
            self.bond.set_mac(mac)
        except BondError:
            self.machine.set_bond_mac(before)
            raise

    def _keep_log(self, event: Event) -> None:
        if event.kind == "log":
            self.log.append(event.value)


def _check_name(name: str) -> None:
    try:
        # To the kernel % asks for a number, and : is not a part of a name.
        valid = InterfaceName().parse(name) == name and name.isprintable() and not set(name) & set("%:")
    except ValueError:
        valid = False
    if not valid:
        raise BondError(f"{name!r} cannot be the name of a bond; {InterfaceName().allowed()}")
