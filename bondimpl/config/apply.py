"""Making what a configuration says: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Start
from bondimpl.errors import BondError


class Control(Protocol):
    """What is used of `bondimpl.runtime.control.ControlClient`."""

    def call(self, command: str, **fields: Any) -> Any:
        """The daemon's result. Raises BondError."""


class Machine(Protocol):
    """What is asked of the host itself. Every method raises BondError."""

    def load(self, module: str) -> None:
        """Load the driver of a NIC."""

    def name_of(self, mac: str, lent: Mapping[str, str]) -> str | None:
        """The interface with that permanent hardware address; `lent` tells those of slaves, by name."""

    def exists(self, name: str) -> bool:
        """Whether there is such an interface."""

    def set_up(self, name: str, up: bool) -> None:
        """Bring an interface administratively up or down."""

    def set_mtu(self, name: str, mtu: int) -> None:
        """In bytes."""

    def set_mac(self, name: str, mac: str) -> None:
        """Change the hardware address."""

    def add_address(self, name: str, address: Address) -> None:
        """Add an IP address."""

    def keep_addresses(self, name: str) -> Callable[[], None]:
        """What puts its IP addresses and routes back as they are now."""

    def clear_address(self, name: str) -> None:
        """Take its IPv4 address from a slave, as ifenslave does."""


def chosen(config: BondConfig, only: str | None = None) -> list[BondEntry]:
    """The bonds to start: those of the boot, or the one that is asked for. Raises BondError."""
    if only is None:
        return [bond for bond in config.bonds if bond.start is Start.BOOT]
    found = [bond for bond in config.bonds if bond.name == only]
    if not found:
        raise _unknown(only)
    if found[0].start is Start.OFF:
        raise BondError(f"{only}: its configuration is switched off", "EPERM")
    return found


def apply(config: BondConfig, bonds: Sequence[BondEntry], control: Control, machine: Machine) -> None:
    """Start these bonds of the configuration. Raises BondError; then nothing of them remains.

    As the HOWTO's scripts go: modules, bonds up with their addresses, slaves, then VLANs. NIC drivers that
    were loaded stay so.
    """
    with ExitStack() as undo:
        for module in config.before:
            machine.load(module)
        for bond in bonds:
            _make(bond, control, machine, undo)
        for module in config.after:
            machine.load(module)
        by_address = any(slave.mac for bond in bonds for slave in bond.slaves)
        lent = _own_addresses(control) if by_address else {}
        slaves = {bond.name: [_find(config, slave, lent, machine) for slave in bond.slaves] for bond in bonds}
        for bond in bonds:
            _enslave(bond.name, slaves[bond.name], control, machine, undo)
        for bond in bonds:
            _add_vlans(bond, control, machine)
        for name in (slave for names in slaves.values() for slave in names):
            machine.clear_address(name)
        undo.pop_all()


def remove(config: BondConfig, control: Control, only: str | None = None) -> list[str]:
    """Delete those of its bonds that are there, last first, or just one of them; their names.

    Raises BondError.
    """
    if only is not None and only not in [bond.name for bond in config.bonds]:
        raise _unknown(only)
    there = set(control.call("list"))
    wanted = [bond.name for bond in reversed(config.bonds) if only in (None, bond.name)]
    names = [name for name in wanted if name in there]
    for name in names:
        control.call("delete", bond=name)
    return names


def _unknown(name: str) -> BondError:
    return BondError(f"{name}: no such bond is configured", "ENODEV")


def _make(bond: BondEntry, control: Control, machine: Machine, undo: ExitStack) -> None:
    control.call("add", bond=bond.name, options=dict(bond.options))
    undo.callback(control.call, "delete", bond=bond.name)
    if bond.mac:
        machine.set_mac(bond.name, bond.mac)
    if bond.mtu:
        machine.set_mtu(bond.name, bond.mtu)
    control.call("up", bond=bond.name)
    for address in bond.addresses:
        machine.add_address(bond.name, address)


def _own_addresses(control: Control) -> dict[str, str]:
    """What address each slave had before its bond gave it another."""
    found: dict[str, str] = {}
    for name in control.call("list"):
        try:
            slaves = control.call("show", bond=name)["slaves"]
        except BondError as error:
            if error.errno != "ENODEV":  # gone meanwhile
                raise
        else:
            found |= {slave["name"]: slave["permanent_mac"] for slave in slaves}
    return found


def _find(config: BondConfig, slave: Member, lent: Mapping[str, str], machine: Machine) -> str:
    if slave.mac:
        name = machine.name_of(slave.mac, lent)
        if name is None:
            raise BondError(f"{slave.mac}: no interface has this address", "ENODEV")
        return name
    if not machine.exists(slave.name) and slave.name in dict(config.drivers):
        machine.load(dict(config.drivers)[slave.name])
    if not machine.exists(slave.name):
        raise BondError(f"{slave.name}: there is no such interface", "ENODEV")
    return slave.name


def _enslave(bond: str, slaves: Sequence[str], control: Control, machine: Machine, undo: ExitStack) -> None:
    if not slaves:
        return
    for slave in slaves:  # last of all: whoever is down has no routes
        undo.callback(machine.keep_addresses(slave))
    done = control.call("enslave", bond=bond, slaves=list(slaves), take_down=True)
    for slave in done["taken_down"]:
        undo.callback(machine.set_up, slave, True)
    undo.callback(control.call, "release", bond=bond, slaves=list(slaves))


def _add_vlans(bond: BondEntry, control: Control, machine: Machine) -> None:
    for vlan in bond.vlans:
        control.call("vlan_add", bond=bond.name, id=vlan.id, name=vlan.name)
        machine.set_up(vlan.name, True)
        for address in vlan.addresses:
            machine.add_address(vlan.name, address)
