"""One bond of the daemon: the sans-I/O core joined to its device, its data path and its log."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from bondimpl.admission import check_candidate
from bondimpl.bond import Bond
from bondimpl.clock import RealClock
from bondimpl.era import Era
from bondimpl.errors import BondError, SlaveError
from bondimpl.events import Event
from bondimpl.machine import PortInfo
from bondimpl.option_kinds import InterfaceName
from bondimpl.options import SlaveOptions, row
from bondimpl.runtime.bond_machine import BondMachine
from bondimpl.runtime.datapath import Datapath
from bondimpl.runtime.ethtool import Ethtool
from bondimpl.runtime.links import Link, Links
from bondimpl.runtime.loop import Loop
from bondimpl.runtime.ports import Family, find, port_info
from bondimpl.runtime.probe import FaultShim
from bondimpl.runtime.takeover import Takeover
from bondimpl.runtime.tap import Tap
from bondimpl.settle import at_load, at_runtime
from bondimpl.state import BondState

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
        settled, warnings = at_load(options)
        _check_name(name)
        self._host = host
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        """The driver's log lines about this bond."""
        self.shim: FaultShim | None = None
        with ExitStack() as undo:
            tap = Tap(name, queues=True)
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
            self.machine.vlans.when_lost = self.bond.remove_vlan
            self.path.connect(self.bond)
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

    def enslave(self, slaves: Sequence[str], family: Family, *, take_down: bool = False) -> list[str]:
        """All of them, or none (BondError). With `take_down` they may be up: those that were are returned."""
        ports = self._candidates(slaves, family, take_down)
        with ExitStack() as undo:
            if self.bond.mac_is_users:
                # The last slave takes the address along when it is released; here none had come.
                undo.callback(self.bond.set_mac, self.bond.mac)
            for link, port in ports:
                if port.up:
                    self._host.links.set_up(link.index, link.name, False)
                    undo.callback(self._host.links.set_up, link.index, link.name, True)
                self.bond.enslave(dataclasses.replace(port, up=False))
                undo.callback(self.bond.release, link.name)
            undo.pop_all()
        return [port.name for _, port in ports if port.up]

    def _candidates(
        self, slaves: Sequence[str], family: Family, take_down: bool
    ) -> list[tuple[Link, PortInfo]]:
        """Refused before the first of them is touched."""
        _check_distinct(slaves)
        state = BondState(self.name, self._host.era, self.bond.options, slaves=dict(self.bond.slaves))
        state.admin_up = self.bond.admin_up
        found = []
        for slave in slaves:
            link = find(self._host.links, slave)
            port = port_info(self._host.links, link, family)
            if link.kind == "vlan" and link.lower == self.index:
                raise SlaveError(f"{slave} lies over {self.name} itself", "ENETDOWN")
            check_candidate(state, dataclasses.replace(port, up=port.up and not take_down))
            found.append((link, port))
        return found

    def release(self, slaves: Sequence[str]) -> None:
        """All of them, or none (SlaveError)."""
        _check_distinct(slaves)
        for slave in slaves:
            if slave not in self.bond.slaves:
                raise SlaveError(f"{slave} is not a slave of {self.name}")
        for slave in slaves:
            self.bond.release(slave)

    def add_vlan(self, vlan: int, name: str | None = None) -> str:
        """Make a device for that VLAN; its name, which is BOND.ID unless it is given. Raises BondError."""
        name = name or f"{self.name}.{vlan}"
        _check_name(name)
        self.bond.add_vlan(vlan, name)
        return name

    def set_options(self, texts: Mapping[str, str]) -> None:
        """All of them, or none (BondError); `active_slave` counts as one, and is changed first."""
        options = {name: text for name, text in texts.items() if name != "active_slave"}
        if "active_slave" in texts:
            # What the other options would be refused for must be known before there is a failover.
            tried = self.bond.options
            for option, text in options.items():
                up, has_slaves = self.bond.admin_up, bool(self.bond.slaves)
                tried, _ = at_runtime(tried, option, text, up=up, has_slaves=has_slaves)
            self.bond.set_active_slave(texts["active_slave"] or None)
        if options:
            self.bond.set_options(options)

    def set_slave_options(self, slave: str, texts: Mapping[str, str]) -> None:
        """All of them, or none (BondError)."""
        for option, text in texts.items():
            row(option, SlaveOptions).parse(text)
        # prio may change the active slave: last, when nothing is left that could be refused.
        ordered = sorted(texts.items(), key=lambda item: item[0] == "prio")
        with ExitStack() as undo:
            for option, text in ordered:
                before = self.bond.slaves[slave].options if slave in self.bond.slaves else SlaveOptions()
                self.bond.set_slave_option(slave, option, text)
                known = row(option, SlaveOptions)
                old = known.kind.text(getattr(before, known.name))
                undo.callback(self.bond.set_slave_option, slave, option, old)
            undo.pop_all()

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
            self.machine.vlans.set_up(link.up)
        promiscuous, all_multicast = self.machine.vlans.follow(self.bond, link)
        if promiscuous != self.bond.promiscuous:
            self.bond.set_promiscuous(promiscuous)
        if all_multicast != self.bond.all_multicast:
            self.bond.set_all_multicast(all_multicast)

    def follow_vlans(self) -> None:
        """Let the core know which VLAN devices there are over the bond."""
        if self.machine.bond_vlans() != self.bond.vlan_ids:
            self.bond.vlans_changed()

    def follow_slaves(self) -> None:
        """Let the core know what became of the slaves' interfaces: gone, or of another speed."""
        for slave, port in list(self.machine.ports.items()):
            if port.link() is None:
                self.bond.slave_vanished(slave)
            else:
                self.bond.slave_changed(slave)

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


def _check_distinct(slaves: Sequence[str]) -> None:
    """Raises SlaveError when one is named twice."""
    for slave in slaves:
        if slaves.count(slave) > 1:
            raise SlaveError(f"{slave}: given twice")


def _check_name(name: str) -> None:
    try:
        # To the kernel % asks for a number, and : is not a part of a name.
        valid = InterfaceName().parse(name) == name and name.isprintable() and not set(name) & set("%:")
    except ValueError:
        valid = False
    if not valid:
        raise BondError(f"{name!r} cannot be the name of a device; {InterfaceName().allowed()}")
